# SPDX-License-Identifier: GPL-3.0-or-later
"""Random colours, linear RGB (3,) in 0..1: skin over the whole human range, hair, eyes, cloth,
light."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

_PALEST_SKIN = np.array([0.76, 0.52, 0.42])
_MELANIN = np.array([2.75, 3.2, 3.6])  # how fast each channel darkens
_HAIR = np.array(
    [
        [0.008, 0.006, 0.005],
        [0.03, 0.017, 0.01],
        [0.09, 0.045, 0.02],
        [0.20, 0.10, 0.045],
        [0.50, 0.34, 0.16],
        [0.28, 0.07, 0.02],
    ]
)
_IRIS = np.array(
    [
        [0.09, 0.04, 0.015],
        [0.03, 0.015, 0.01],
        [0.10, 0.20, 0.35],
        [0.12, 0.20, 0.08],
        [0.2, 0.22, 0.24],
    ]
)


def skin_colour(rng: Generator) -> np.ndarray:
    """From very pale to very dark, evenly, with a reddish or yellowish lean."""
    melanin = rng.random()
    lean = np.array([1.0, rng.uniform(0.92, 1.06), rng.uniform(0.85, 1.1)])
    return _PALEST_SKIN * np.exp(-_MELANIN * melanin * 0.95) * lean * rng.uniform(0.85, 1.1)


def hair_colour(rng: Generator, age: float) -> np.ndarray:
    """Natural colours, greying with age, rarely dyed."""
    if rng.random() < 0.04:
        return rng.random(3) ** 2
    natural = _HAIR[rng.choice(len(_HAIR), p=[0.28, 0.22, 0.18, 0.12, 0.14, 0.06])] * rng.uniform(
        0.7, 1.3
    )
    grey = np.clip((age - 0.72) / 0.28 + rng.normal(0, 0.25), 0, 1) if age > 0.7 else 0.0
    return natural * (1 - grey) + grey * rng.uniform(0.25, 0.75)


def iris_colour(rng: Generator) -> np.ndarray:
    """Brown to blue, green and grey."""
    return _IRIS[rng.integers(len(_IRIS))] * rng.uniform(0.7, 1.3)


def cloth_colour(rng: Generator) -> np.ndarray:
    """Mostly the muted blacks, whites, greys, blues and earths that people wear; some bright
    ones."""
    draw = rng.random()
    if draw < 0.38:  # black to white, slightly tinted
        return rng.choice(
            [rng.uniform(0.01, 0.06), rng.uniform(0.1, 0.5), rng.uniform(0.6, 0.9)]
        ) * light_tint(rng, 0.1)
    if draw < 0.53:  # denim and navy
        return np.array([0.05, 0.10, 0.25]) * rng.uniform(0.2, 2.2) * light_tint(rng, 0.15)
    if draw < 0.68:  # earths
        return np.array([0.30, 0.19, 0.10]) * rng.uniform(0.3, 2.0) * light_tint(rng, 0.2)
    return _hue_colour(rng)


def light_tint(rng: Generator, amount: float) -> np.ndarray:
    """A colour around white: warm to cool, a little green or magenta."""
    warmth, green = rng.uniform(-amount, amount), rng.uniform(-amount, amount) * 0.3
    return np.array([1 + warmth, 1 + green, 1 - warmth])


def _hue_colour(rng: Generator) -> np.ndarray:
    hue, saturation, value = rng.random(), rng.uniform(0.3, 1.0), rng.uniform(0.1, 0.9)
    channels = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return value * (1 - saturation + saturation * channels) ** 2.2
