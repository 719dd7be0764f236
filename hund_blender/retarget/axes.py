# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rig at rest has its left, its back and its top, whatever axes it was built in."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import MapError
from .description import RigDescription
from .slots import LEFT, RIGHT, BoneMap
from .turns import across, angle, unit

Array = npt.NDArray[Any]

PAIRS: Final = ("upper_arm", "thigh", "shoulder", "hand", "foot", "shin", "forearm")
UPWARD: Final = (("hips", "head"), ("hips", "neck"), ("foot", "thigh"), ("hips", "upper_arm"))
SNAPS: Final = np.radians(25.0)  # rigs stand along axes; what is left is the shape of the body


def body_axes(rig: RigDescription, bones: BoneMap) -> Array:
    """The body's axes (3, 3) in armature space as columns: to its left, its back, and up."""
    left = unit(sum((_pair(rig, bones, name) for name in PAIRS), np.zeros(3)))
    up = next((line for ends in UPWARD if (line := _line(rig, bones, *ends)) is not None), rig.up)
    up = unit(across(up, left))
    if not left.any() or not up.any():
        raise MapError(
            "The map does not tell left from right.", "Choose bones for both arms or both legs."
        )
    return _snapped(np.stack([left, np.cross(up, left), up], -1))


def _pair(rig: RigDescription, bones: BoneMap, name: str) -> Array:
    """From the right one to the left one (3,), nothing where one is missing."""
    left, right = (rig.indices(bones.get(name + at, ())) for at in (LEFT, RIGHT))
    if not left or not right:
        return np.zeros(3)
    return np.asarray(rig.heads[left[0]] - rig.heads[right[0]])


def _line(rig: RigDescription, bones: BoneMap, start: str, end: str) -> Array | None:
    places = [
        rig.heads[
            [
                rig.indices(bones.get(name + at, ()))[0]
                for at in ("", LEFT, RIGHT)
                if rig.indices(bones.get(name + at, ()))
            ]
        ]
        for name in (start, end)
    ]
    if not all(map(len, places)):
        return None
    line = unit(places[1].mean(0) - places[0].mean(0))
    return line if line.any() else None


def _snapped(axes: Array) -> Array:
    """The rotation along the coordinate axes that is nearest, if it is near."""
    candidates = np.array(
        [
            matrix
            for order in permutations(np.eye(3))
            for signs in product((1, -1), repeat=3)
            if np.linalg.det(matrix := np.stack(order, -1) * signs) > 0
        ]
    )
    angles = angle(candidates.swapaxes(-1, -2) @ axes)
    nearest: Array = candidates[angles.argmin()]
    return nearest if angles.min() < SNAPS else axes
