# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between a person and a good picture: occluders, blur, noise, exposure, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from model_server.learning.rendering.grain import normal_grain


def occlude(
    rng: Generator,
    image: np.ndarray,
    silhouette: np.ndarray,
    parts: np.ndarray,
    probability: float = 0.3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """With some probability, put one to three objects before the person; masks lose what they
    cover."""
    if rng.random() >= probability:
        return image, silhouette, parts
    cover = np.zeros(silhouette.shape, dtype=np.uint8)
    image = image.copy()
    for _ in range(rng.integers(1, 4)):
        shape = _occluder_shape(rng, silhouette)
        colour = rng.uniform(0, 255, 3) * rng.uniform(0.3, 1)
        texture = np.clip(
            colour.astype(np.float32)
            + normal_grain(rng, (*silhouette.shape, 1)) * np.float32(rng.uniform(0, 25)),
            0,
            255,
        )
        image[shape > 0] = texture[shape > 0].astype(np.uint8)
        cover |= shape
    silhouette = np.where(cover > 0, 0, silhouette).astype(np.uint8)
    return image, silhouette, np.where(cover > 0, 0, parts).astype(np.uint8)


def corrupt_picture(rng: Generator, image: np.ndarray) -> np.ndarray:
    """Camera and file artefacts, each with its own chance: blur, exposure, noise, low resolution,
    JPEG."""
    if rng.random() < 0.25:
        image = _blur(rng, image)
    if rng.random() < 0.15:
        image = _lower_resolution(rng, image)
    if rng.random() < 0.5:
        image = _expose(rng, image)
    if rng.random() < 0.4:
        noise = normal_grain(rng, image.shape) * np.float32(rng.gamma(2.0, 3.0))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.uniform(25, 95))
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image


def _occluder_shape(rng: Generator, silhouette: np.ndarray) -> np.ndarray:
    """A box, ellipse or bar (H, W) near the person, of up to about half the person's size."""
    height, width = silhouette.shape
    rows, columns = np.flatnonzero(silhouette.any(axis=1)), np.flatnonzero(silhouette.any(axis=0))
    if len(rows) == 0:
        rows, columns = np.array([0, height - 1]), np.array([0, width - 1])
    centre = np.array(
        [rng.uniform(columns[0], columns[-1] + 1), rng.uniform(rows[0], rows[-1] + 1)]
    )
    reach = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    extent = rng.uniform(0.08, 0.45, 2) * reach
    shape = np.zeros(silhouette.shape, dtype=np.uint8)
    angle = float(rng.normal(0, 25))
    match rng.integers(3):
        case 0:
            box = cv2.boxPoints((centre.tolist(), extent.tolist(), angle))
            cv2.fillPoly(shape, [box.astype(np.int32)], 255)
        case 1:
            axes = (int(extent[0] / 2) + 1, int(extent[1] / 2) + 1)
            cv2.ellipse(shape, centre.astype(int).tolist(), axes, angle, 0, 360, 255, -1)
        case _:
            end = centre + rng.normal(0, 0.6 * reach, 2)
            start = centre - (end - centre)
            cv2.line(
                shape,
                start.astype(int).tolist(),
                end.astype(int).tolist(),
                255,
                int(0.3 * extent[0]) + 2,
            )
    return shape


def _blur(rng: Generator, image: np.ndarray) -> np.ndarray:
    """Out of focus, or shaken along a line."""
    if rng.random() < 0.6:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8))
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), dtype=np.float32)
    half = (length - 1) / 2
    step = half * np.array([np.cos(angle := rng.uniform(0, np.pi)), np.sin(angle)])
    first, last = np.round(half - step).astype(int), np.round(half + step).astype(int)
    cv2.line(kernel, first.tolist(), last.tolist(), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _lower_resolution(rng: Generator, image: np.ndarray) -> np.ndarray:
    size = image.shape[1::-1]
    small = [max(int(side * rng.uniform(0.35, 0.8)), 8) for side in size]
    return cv2.resize(
        cv2.resize(image, small, interpolation=cv2.INTER_AREA), size, interpolation=cv2.INTER_LINEAR
    )


def _expose(rng: Generator, image: np.ndarray) -> np.ndarray:
    """Gain, gamma and white balance by one lookup table per channel."""
    ramp = np.linspace(0, 1, 256)
    gamma, gain = np.exp(rng.normal(0, 0.2)), np.exp(rng.normal(0, 0.15))
    tints = 1 + rng.normal(0, 0.05, 3)
    tables = np.stack([np.clip(gain * tint * ramp**gamma, 0, 1) for tint in tints], axis=-1)
    return cv2.LUT(image, (tables * 255).astype(np.uint8).reshape(1, 256, 3))
