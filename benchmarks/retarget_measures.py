# SPDX-License-Identifier: GPL-3.0-or-later
"""How far what a rig does is from what it was given, told by the body that the rig is made of."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.artist_rigs import Built
from hund_blender.body import Body
from hund_blender.retarget.turns import angle, orthonormal, unit
from hund_blender.scene.rig_description import describe
from hund_blender.scene.source_motion import motion

Array = npt.NDArray[Any]

# Where limbs begin and end on the body.
LIMBS: Final = {
    "upperarm01": "lowerarm01", "lowerarm01": "wrist", "upperleg01": "lowerleg01",
    "lowerleg01": "foot",
}  # fmt: skip
SIDES: Final = (".L", ".R")
PALMS: Final = ("wrist.L", "wrist.R")
SOLES: Final = ("foot.L", "foot.R")
TRUNK: Final = ("root", "spine01", "head")


class Movement(NamedTuple):
    """By bone of the body."""

    turns: dict[str, Array]  # (F, 3, 3) how it has turned from its own rest
    joints: dict[str, Array]  # (F, 3) where it begins, of those that begin a rig's bone


def as_body(thing: Any, body: Body) -> Built:
    """A HUND character as a rig of its own."""
    bones = {name: (name,) for name in body.bone_names}
    return Built(thing, None, bones, {name: np.eye(3) for name in body.bone_names})


def movement(built: Built, frames: Array) -> Movement:
    """What a rig does at frames, in terms of the body that it is made of."""
    rig = describe(built.armature)
    matrices = motion(built.armature, rig, frames)
    turns, joints = {}, {}
    for group, bones in built.groups.items():
        own = matrices[:, rig.index[group]]
        away = orthonormal(own[:, :3, :3]) @ rig.frames[rig.index[group]].T
        turns |= {bone: away @ built.turns[bone] for bone in bones}
        joints[bones[0]] = own[:, :3, 3]
    return Movement(turns, joints)


def limb_errors(given: Movement, got: Movement) -> Array:
    """Degrees between the directions of limbs, over frames and limbs."""
    errors = []
    for start, end in ((a + at, b + at) for a, b in LIMBS.items() for at in SIDES):
        lines = (unit(one.joints[end] - one.joints[start]) for one in (given, got))
        cosines = np.sum(np.multiply(*lines), -1)
        errors.append(np.degrees(np.arccos(np.clip(cosines, -1, 1))))
    return np.concatenate(errors)


def turn_errors(given: Movement, got: Movement, *bones: str) -> Array:
    """Degrees between how bones have turned, over frames and bones."""
    pairs = ((given.turns[bone], got.turns[bone]) for bone in bones)
    return np.degrees(np.concatenate([angle(a.swapaxes(-1, -2) @ b) for a, b in pairs]))
