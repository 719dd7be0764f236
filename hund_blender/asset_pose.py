# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's pose as pose assets keep it: for any character of a rig, whatever its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .bones import DrawnBones, drawn_bones
from .estimate import Person
from .pose import local_transforms_of, stand_in_pose
from .rigs import Rig
from .rotations import quaternions_from_matrices

Array = npt.NDArray[Any]

# One shape for all assets, so that the poses of different people blend: an average young adult.
REFERENCE_SHAPE: Final[Mapping[str, float]] = {"age": 2 / 3}


@dataclass(frozen=True, eq=False)
class AssetPose:
    """How bones turn from rest; the root also stands where the pose has its hips."""

    bone_names: tuple[str, ...]  # (N,) the root first
    rotations_wxyz: Array  # (N, 4) w >= 0
    root_location_m: Array  # (3,) in the root's rest frame


def asset_pose(rig: Rig, person: Person) -> AssetPose:
    """The pose on the average adult of a rig, standing on the floor over the origin.

    Eyes are left alone, and the fingers of a hand that was not seen.
    """
    rest = rig.body.rest(REFERENCE_SHAPE).standing()
    frames = asset_bones(rig).frames
    transforms = local_transforms_of(rig, frames, rest, stand_in_pose(rig.body, rest, person))
    keyed = [bone for bone, leader in enumerate(rig.leaders) if _is_posed(rig, leader, person)]
    return AssetPose(
        bone_names=tuple(rig.bone_names[bone] for bone in keyed),
        rotations_wxyz=quaternions_from_matrices(transforms[keyed, :3, :3]),
        root_location_m=np.array(transforms[0, :3, 3]),
    )


def asset_bones(rig: Rig) -> DrawnBones:
    """The bones that poses of a rig are kept for, at rest."""
    return drawn_bones(rig, rig.body.rest(REFERENCE_SHAPE).standing())


def _is_posed(rig: Rig, bone: int, person: Person) -> bool:
    name = rig.body.bone_names[bone]
    if name.startswith("finger"):
        return name in person.rotations_wxyz
    return not name.startswith("eye")
