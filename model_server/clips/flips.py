# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames in which somebody seems turned round for a moment: front taken for back, left for right.

Nobody turns so fast. A flip is a jump of the whole body from one frame to the next and, soon after,
another jump that brings it back.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array

_JUMP: Final = np.radians(60)  # between frames
_BACK: Final = np.radians(60)  # before and after a flip, at most
_LONGEST_S: Final = 0.5
_FASTEST: Final = np.radians(1500)  # a second: what is missed between frames may be a real turn


def flipped(seconds: Array, roots: Array) -> NDArray[np.bool_]:
    """Which frames (N,) are flips, by when they are and how the root is turned (N, 4)."""
    limit = np.maximum(_JUMP, _FASTEST * np.diff(seconds))
    jumps = np.flatnonzero(_angles(roots[:-1], roots[1:]) > limit) + 1
    starts, ends = [0, *jumps.tolist()], [*(jumps - 1).tolist(), len(roots) - 1]
    wrong = np.zeros(len(roots), np.bool_)
    steady: list[tuple[int, int]] = []  # first and last frames of stretches without a jump
    for stretch in zip(starts, ends, strict=True):
        steady.append(stretch)
        while len(steady) > 2 and _is_flip(steady[-3][1], steady[-1][0], seconds, roots):
            (first, _), (start, end), (_, last) = steady[-3:]
            wrong[start : end + 1] = ~wrong[start : end + 1]
            steady[-3:] = [(first, last)]
    return wrong


def _is_flip(before: int, after: int, seconds: Array, roots: Array) -> bool:
    """Whether what lies between two frames comes back to where it was, soon enough."""
    soon = seconds[after] - seconds[before] < _LONGEST_S
    return bool(soon and _angles(roots[before], roots[after]) < _BACK)


def _angles(a: Array, b: Array) -> Array:
    """Between rotations given as quaternions (..., 4)."""
    alike = np.abs((a * b).sum(axis=-1)).clip(0, 1)
    return 2 * np.arccos(alike)
