# SPDX-License-Identifier: GPL-3.0-or-later
"""Disturbances of crops in training, so that only what photos have too can be relied on: strong
colour changes, patches that hide, blur and noise. Renders are easy; photos are not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator


def disturbed(image: np.ndarray, rng: Generator) -> np.ndarray:
    """An image (S, S, 3) uint8 changed at random."""
    if rng.random() < 0.8:
        image = recoloured(image, rng)
    if rng.random() < 0.15:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    if rng.random() < 0.3:
        image = patched(image, rng)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.gamma(2, 4), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image


def recoloured(image: np.ndarray, rng: Generator) -> np.ndarray:
    """Gain, gamma and mixing of the channels."""
    mix = np.eye(3) + rng.normal(0, 0.12, (3, 3))
    if rng.random() < 0.2:
        mix = mix[:, rng.permutation(3)]
    level = (image / 255.0) @ (mix / np.maximum(mix.sum(0), 0.3)).astype(np.float32)
    curve = np.clip(level, 0, 1) ** np.exp(rng.normal(0, 0.35))
    return np.clip(
        255 * (curve * np.exp(rng.normal(0, 0.25)) + rng.normal(0, 0.06)), 0, 255
    ).astype(np.uint8)


def patched(image: np.ndarray, rng: Generator) -> np.ndarray:
    """One to three rectangles of colour or of the picture itself, elsewhere."""
    image, side = image.copy(), image.shape[0]
    for _ in range(rng.integers(1, 4)):
        width, height = (rng.uniform(0.06, 0.35, 2) * side).astype(int) + 1
        left, top = (int(rng.integers(0, side - size)) for size in (width, height))
        patch = image[top : top + height, left : left + width]
        if rng.random() < 0.5:
            patch[:] = rng.uniform(0, 255, 3)
        else:
            x, y = (int(rng.integers(0, side - size)) for size in (width, height))
            patch[:] = image[y : y + height, x : x + width].copy()
    return image
