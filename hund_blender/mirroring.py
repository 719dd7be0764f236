# SPDX-License-Identifier: GPL-3.0-or-later
"""Left and right of a pose exchanged, under the names that all of our rigs have for them.

Blender's own flipping does not know `mixamorig:LeftArm` for the other side of `mixamorig:RightArm`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# In the names of MakeHuman's, game engine's, Mixamo's and SMPL-X's bones, and of facial actions.
SIDE: Final = re.compile(
    r"(?<=\.)[LR]$|(?<=_)[lr]$|(?<=^mixamorig:)(?:Left|Right)|(?:Left|Right)$|^(?:left|right)(?=_)"
)
_PAIRS: Final = (("L", "R"), ("l", "r"), ("Left", "Right"), ("left", "right"))
OTHER: Final = {name: other for a, b in _PAIRS for name, other in ((a, b), (b, a))}

# Bones rest mirrored, so that mirroring is the same in the frame of every bone.
SIGNS: Final = {
    "location": (-1, 1, 1),
    "rotation_quaternion": (1, 1, -1, -1),
    "rotation_euler": (1, -1, -1),
    "rotation_axis_angle": (1, 1, -1, -1),
    "scale": (1, 1, 1),
}
MIRROR: Final = np.diag([-1.0, 1.0, 1.0, 1.0])


def other_side(name: str) -> str:
    """The bone or facial action on the other side; the same where it is in the middle."""
    return SIDE.sub(lambda side: OTHER[side[0]], name)


def both_sides(names: Iterable[str]) -> set[str]:
    """These, and those on the other side."""
    return {name for one in names for name in (one, other_side(one))}


def mirrored(transform: Array) -> Array:
    """What a transform (4, 4) away from rest is for the bone on the other side."""
    other: Array = MIRROR @ transform @ MIRROR
    return other
