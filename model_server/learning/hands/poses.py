# SPDX-License-Identifier: GPL-3.0-or-later
"""Random hands: gestures, what lies between them, and fingers that bend together as fingers do.

No permissive recordings of hands were found, so anatomy takes their place: limits, joints that
follow one another (the outer joint bends by two thirds of the middle one, neighbours follow
neighbours, bent fingers cannot spread), and nothing that passes through itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from model_server.learning.hands.articulation import (
    ANGLES,
    FREE,
    HIGH,
    LOW,
    points_of,
    rotations_of,
)
from model_server.learning.hands.gestures import GESTURES, HELD_OUT
from model_server.learning.mocap.so3 import Array

SHARES: Final = {"gesture": 0.35, "between": 0.25, "mixed": 0.1, "together": 0.2, "any": 0.1}
FINGER_OF_ANGLE: Final = FREE[:, 0] // 3
_KNUCKLES: Final = np.array([6, 10, 14, 18])  # places of knuckle bends among the angles
_NOISE: Final = np.radians(np.array([6.0, 6, 5, 7, 3, 8, *(7.0, 3.0, 8.0, 6.0) * 4]))
_APART: Final = 0.115  # palms between the middles of two fingers
_OFF_PALM: Final = 0.06  # and of a finger and the palm, which gives way
_BENT: Final = np.radians(70)  # a knuckle bent so far hardly spreads any more


def random_hands(count: int, rng: np.random.Generator, *, held_out: bool = False) -> Array:
    """Angles (N, 22) of hands that anatomy allows.

    With `held_out` half of the gestures are ones that no network is trained on.
    """
    hands = np.zeros((0, ANGLES))
    while len(hands) < count:
        drawn = _drawn(2 * count, rng, held_out)
        hands = np.concatenate([hands, drawn[~crosses_itself(drawn)]])
    return hands[:count]


def _drawn(count: int, rng: np.random.Generator, held_out: bool) -> Array:
    table = np.stack(list(GESTURES.values()))
    one, two = (table[rng.integers(len(table), size=count)] for _ in range(2))
    if held_out:
        others = np.stack(list(HELD_OUT.values()))
        swapped = rng.random(count) < 0.5
        one = np.where(swapped[:, None], others[rng.integers(len(others), size=count)], one)
    by_finger = rng.random((count, 5))[:, FINGER_OF_ANGLE] < 0.5
    makers = {
        "gesture": one,
        "between": one + (two - one) * rng.beta(0.8, 0.8, (count, 1)),
        "mixed": np.where(by_finger, one, two),
        "together": _bent_together(count, rng),
        "any": _bent_anyhow(count, rng),
    }
    kind = rng.choice(len(SHARES), count, p=list(SHARES.values()))
    hands = np.stack([makers[name] for name in SHARES])[kind, np.arange(count)]
    return _follow_anatomy(hands + _noise(count, rng))


def _noise(count: int, rng: np.random.Generator) -> Array:
    """(N, 22): every hand has its own amount of it, half of it common to all fingers."""
    amount = rng.gamma(2.0, 0.5, (count, 1))
    noise = rng.normal(size=(count, ANGLES))
    common = rng.normal(size=(count, 1, 4))
    fingers = noise[:, 6:].reshape(count, 4, 4)
    noise[:, 6:] = (0.7 * fingers + 0.7 * common).reshape(count, 16)
    return amount * noise * _NOISE


def _bent_together(count: int, rng: np.random.Generator) -> Array:
    """All fingers curl by about as much, with a slope from index to pinky."""
    curl = rng.beta(0.9, 1.1, (count, 1)) + np.linspace(-1, 1, 4) * rng.normal(0, 0.15, (count, 1))
    curl = np.clip(curl + rng.normal(0, 0.06, (count, 4)), 0, 1)
    shares = rng.dirichlet((6, 8), count)[:, None] * 2  # how knuckle and middle joint share it
    knuckle = np.radians(-20 + 85 * np.clip(curl * shares[..., 0], 0, 1.1))
    middle = np.radians(-8 + 100 * np.clip(curl * shares[..., 1], 0, 1.1))
    spread = np.radians(rng.normal(0, 8, (count, 1)) * np.linspace(1, -1, 4))
    fingers = np.stack([knuckle, spread, middle, 0.6 * middle], 2).reshape(count, 16)
    return np.concatenate([_any_thumb(count, rng), fingers], 1)


def _bent_anyhow(count: int, rng: np.random.Generator) -> Array:
    """Every joint for itself, outer joints excepted."""
    hands = LOW + (HIGH - LOW) * rng.beta(1.2, 1.2, (count, ANGLES))
    hands[:, _KNUCKLES + 3] = 0.6 * hands[:, _KNUCKLES + 2]
    hands[:, :6] = _any_thumb(count, rng)
    return hands


def _any_thumb(count: int, rng: np.random.Generator) -> Array:
    """(N, 6)"""
    low, high = LOW[:6], HIGH[:6]
    return low + (high - low) * rng.beta(2, 2, (count, 6))


def _follow_anatomy(hands: Array) -> Array:
    """Within the limits; bent knuckles spread less."""
    hands = np.clip(hands, LOW, HIGH)
    stiff = np.clip(1 - hands[:, _KNUCKLES] / _BENT, 0.2, 1)
    hands[:, _KNUCKLES + 1] *= stiff
    return hands


def crosses_itself(hands: Array) -> Array:
    """Whether (N,) fingers of hands (N, 22) pass through each other or the palm."""
    points = points_of(rotations_of(hands))
    fingers = points[:, 1:].reshape(-1, 5, 4, 3)
    shares = np.array([0.25, 0.75])[:, None]
    along = fingers[:, :, :-1, None] * (1 - shares) + fingers[:, :, 1:, None] * shares
    along = along.reshape(len(hands), 5, 6, 3)
    tips = np.concatenate([along, fingers[:, :, -1:]], 2)[:, :, 2:]  # roots are always near
    palm = fingers[:, 1:, 0, None] * np.array([0.35, 0.6, 0.85])[:, None]  # from the wrist
    crossing = np.zeros(len(hands), bool)
    palm = palm.reshape(len(hands), -1, 3)
    for i in range(5):
        crossing |= _gap(tips[:, i], palm) < _OFF_PALM
        for j in range(i):
            crossing |= _gap(tips[:, i], tips[:, j]) < _APART
    return crossing


def _gap(one: Array, two: Array) -> Array:
    """Least distance (N,) between points (N, P, 3) and points (N, Q, 3)."""
    return np.linalg.norm(one[:, :, None] - two[:, None], axis=-1).min((1, 2))
