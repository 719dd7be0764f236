# SPDX-License-Identifier: GPL-3.0-or-later
"""The root moves with the feet that stand, and no farther from where it was seen than need be."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .smoothing import blurred

Array = npt.NDArray[Any]

CALM_S: Final = 0.2  # in the air, and in height, shifts change over times like this
AIR_S: Final = 2.0  # in the air the height of the floor is remembered for about so long
SOFT_S: Final = 0.06  # corners of the shift are rounded
FLOOR_REACH_M: Final = 0.25  # feet that are farther from the ground stand on something else


def root_shift(soles: Array, down: Array, fps: float, keep_place_s: float, floor: float) -> Array:
    """Shifts (F, 3) after which points (F, L, 2, 3) that are down (F, L, 2) slide less.

    A least-squares balance: points that stand shall keep their place and, as far as floor 0…1 says,
    be at height 0; against that the root shall stay near where it was.
    """
    shift = np.concatenate(
        [_along(soles, down, keep_place_s * fps, CALM_S * fps), _up(soles, down, fps, floor)], 1
    )
    return blurred(shift, SOFT_S * fps)


def is_near_floor(heights: Array) -> Array:
    near: Array = np.abs(heights) < FLOOR_REACH_M
    return near


def _along(soles: Array, down: Array, keep_frames: float, calm_frames: float) -> Array:
    """Shifts (F, 2) over the floor."""
    trust = _trust(down, calm_frames / 2.0)
    pairs = np.minimum(trust[1:], trust[:-1])
    total = pairs.sum((1, 2))
    slides = (pairs[..., None] * np.diff(soles[..., :2], axis=0)).sum((1, 2))
    slides /= np.maximum(total, 1e-9)[:, None]
    held = np.maximum(pairs.max((1, 2)), (calm_frames / keep_frames) ** 2)
    near = np.full(len(soles), keep_frames**-2.0)
    return chained(near, held, np.zeros((len(soles), 2)), -slides * pairs.max((1, 2))[:, None])


def _trust(down: Array, ramp_frames: float) -> Array:
    """How surely points stand (F, L, 2): least where they come down and lift off."""
    since = np.zeros(down.shape)
    until = np.zeros(down.shape)
    for frame in range(1, len(down)):
        since[frame] = np.where(down[frame], since[frame - 1] + 1.0, 0.0)
        until[-frame - 1] = np.where(down[-frame - 1], until[-frame] + 1.0, 0.0)
    trust: Array = np.minimum(np.minimum(since, until) / max(ramp_frames, 1.0), 1.0)
    return trust


def _up(soles: Array, down: Array, fps: float, floor: float) -> Array:
    """Shifts (F, 1) in height."""
    near = down & is_near_floor(soles[..., 2])
    standing = near.any((1, 2))
    lowest = np.where(near, soles[..., 2], np.inf).min((1, 2))
    pull = np.where(standing, floor / (CALM_S * fps) ** 2, 0.0)
    return drawn_up(pull, -np.where(standing, lowest, 0.0), fps)


def drawn_up(pull: Array, wanted: Array, fps: float) -> Array:
    """Shifts in height (F, 1), drawn to wanted ones (F,) as pull (F,) says; without any, the last
    one is remembered for a while.
    """
    own = (AIR_S * fps) ** -2.0 + pull
    held = np.ones(len(pull) - 1)
    return chained(own, held, (pull * wanted)[:, None], np.zeros((len(held), 1)))


def chained(near: Array, held: Array, wanted: Array, steps: Array) -> Array:
    """The x (F, D) that makes Σ near x² - 2 wanted x + Σ held Δx² - 2 steps Δx least.

    near (F,) > 0, held (F - 1,) ≥ 0, wanted (F, D), steps (F - 1, D): three diagonals, solved by
    elimination.
    """
    diagonal, right = np.array(near, float), np.array(wanted, float)
    diagonal[:-1] += held
    diagonal[1:] += held
    right[:-1] -= steps
    right[1:] += steps
    for row in range(1, len(right)):
        share = held[row - 1] / diagonal[row - 1]
        diagonal[row] -= share * held[row - 1]
        right[row] += share * right[row - 1]
    right[-1] /= diagonal[-1]
    for row in range(len(right) - 2, -1, -1):
        right[row] = (right[row] + held[row] * right[row + 1]) / diagonal[row]
    return right
