# SPDX-License-Identifier: GPL-3.0-or-later
"""Random surroundings: gradients, noise, rooms, clutter. All procedural, RGB uint8."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from model_server.learning.rendering.grain import normal_grain


def sample_background(rng: Generator, size: int) -> np.ndarray:
    """One background (size, size, 3): a base, some structure, sometimes out of focus."""
    image = _gradient(rng, size) if rng.random() < 0.5 else _clouds(rng, size)
    structure = rng.random()
    if structure < 0.35:
        _paint_room(rng, image)
    elif structure < 0.55:
        _paint_horizon(rng, image)
    if rng.random() < 0.7:
        _paint_clutter(rng, image)
    if rng.random() < 0.7:
        image = _add_grain(rng, image)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 5.0))
    return image


def _colour(rng: Generator) -> np.ndarray:
    """A random colour, mostly greyish or earthy as the world is: uint8-range float (3,)."""
    grey, colour = rng.uniform(10, 245), rng.uniform(0, 255, 3)
    mix = 0.9 * rng.random() ** 3
    warmth = rng.normal(0, 0.08)
    return np.clip(
        (grey * (1 - mix) + colour * mix) * np.array([1 + warmth, 1, 1 - warmth]), 0, 255
    )


def _gradient(rng: Generator, size: int) -> np.ndarray:
    corners = np.stack([_colour(rng) for _ in range(4)]).reshape(2, 2, 3).astype(np.float32)
    if rng.random() < 0.5:
        corners = corners * 0.25 + corners.mean(axis=(0, 1)) * 0.75
    return cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _clouds(rng: Generator, size: int) -> np.ndarray:
    """Coloured noise of several octaves with a random roughness, like foliage, plaster or
    gravel."""
    roughness, tint = rng.uniform(0.35, 0.95), np.float32(0.5 * rng.random() ** 2)
    total = np.zeros((3, 3, 3), dtype=np.float32)
    for octave in range(6):  # each octave has twice the cells of the last
        cells = 3 << octave
        noise = rng.random((cells, cells, 3), dtype=np.float32) - np.float32(0.5)
        noise = noise[..., :1] * (1 - tint) + noise * tint
        total = (
            cv2.resize(total, (cells, cells), interpolation=cv2.INTER_CUBIC)
            + np.float32(roughness**octave) * noise
        )
    picture = _colour(rng).astype(np.float32) + np.float32(rng.uniform(20, 110)) * total
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC)


def _paint_horizon(rng: Generator, image: np.ndarray) -> None:
    """Ground of another colour below a tilted line."""
    size = len(image)
    left, right = rng.uniform(0.35, 0.9) * size + rng.normal(0, 0.03 * size, 2)
    ground = np.array([[0, left], [size, right], [size, size], [0, size]], dtype=np.int32)
    overlay = image.copy()
    cv2.fillPoly(overlay, [ground], _colour(rng).tolist())
    cv2.addWeighted(overlay, rng.uniform(0.6, 1.0), image, 0.0 + rng.uniform(0, 0.3), 0, dst=image)


def _paint_room(rng: Generator, image: np.ndarray) -> None:
    """Walls and a floor meeting at a corner, with door, window or picture frames."""
    size = len(image)
    corner = rng.uniform(0.1, 0.9, 2) * size * np.array([1, 0.5]) + np.array([0, 0.4 * size])
    wall, shade = _colour(rng), rng.uniform(0.6, 1.1)
    cx, cy = corner
    ends = cy + rng.uniform(-0.05, 0.35, 2) * size
    left = [[0, 0], [cx, 0], [cx, cy], [0, ends[0]]]
    right = [[cx, 0], [size, 0], [size, ends[1]], [cx, cy]]
    floor = [[0, ends[0]], [cx, cy], [size, ends[1]], [size, size], [0, size]]
    for polygon, colour in ((left, wall), (right, wall * shade), (floor, _colour(rng))):
        cv2.fillPoly(image, [np.array(polygon, dtype=np.int32)], np.clip(colour, 0, 255).tolist())
    for _ in range(rng.integers(0, 5)):
        x, y = rng.uniform(-0.1, 0.9, 2) * size
        w, h = rng.uniform(0.08, 0.35, 2) * size
        first, second = (int(x), int(y)), (int(x + w), int(y + h))
        cv2.rectangle(image, first, second, _colour(rng).tolist(), -1)
        cv2.rectangle(image, first, second, _colour(rng).tolist(), int(rng.integers(1, 6)))


def _paint_clutter(rng: Generator, image: np.ndarray) -> None:
    """Boxes, discs, limbs-like bars and polygons of random colours."""
    size = len(image)
    for _ in range(rng.integers(1, 18)):
        colour = _colour(rng).tolist()
        centre = rng.uniform(0, size, 2)
        extent = rng.gamma(2.0, 0.06, 2) * size
        match rng.integers(4):
            case 0:
                box = cv2.boxPoints((centre.tolist(), extent.tolist(), float(rng.uniform(0, 180))))
                cv2.fillPoly(image, [box.astype(np.int32)], colour, cv2.LINE_AA)
            case 1:
                axes = (int(extent[0] / 2) + 1, int(extent[1] / 2) + 1)
                cv2.ellipse(
                    image,
                    centre.astype(int).tolist(),
                    axes,
                    rng.uniform(0, 180),
                    0,
                    360,
                    colour,
                    -1,
                    cv2.LINE_AA,
                )
            case 2:
                end = centre + rng.normal(0, 0.3 * size, 2)
                cv2.line(
                    image,
                    centre.astype(int).tolist(),
                    end.astype(int).tolist(),
                    colour,
                    int(rng.integers(1, 14)),
                    cv2.LINE_AA,
                )
            case _:
                polygon = centre + rng.normal(0, 0.12 * size, (int(rng.integers(3, 7)), 2))
                cv2.fillPoly(image, [polygon.astype(np.int32)], colour, cv2.LINE_AA)


def _add_grain(rng: Generator, image: np.ndarray) -> np.ndarray:
    """Texture over everything: fine noise times a coarse amount."""
    size = len(image)
    cells = int(rng.integers(size // 6, size))
    noise = normal_grain(rng, (cells, cells)) * np.float32(rng.uniform(1, 15))
    noise = cv2.resize(noise, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.clip(image + noise[..., None], 0, 255).astype(np.uint8)
