# SPDX-License-Identifier: GPL-3.0-or-later
"""An armature object as plain data: its bones at rest, and what moves them beside keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import bpy
import numpy as np

from ..retarget.description import IkConstraint, RigDescription, sorted_by_parents

# With these a bone is where they say, whatever its keys are.
RULING: Final = frozenset(
    {"COPY_TRANSFORMS", "COPY_ROTATION", "DAMPED_TRACK", "TRACK_TO", "LOCKED_TRACK", "STRETCH_TO"}
    | {"SPLINE_IK", "TRANSFORM_CACHE"}
)
RULES_FROM: Final = 0.99  # influence
BONE_PATH: Final = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(location|rotation|scale)')


def describe(armature_object: Any) -> RigDescription:
    """The rig of an armature object."""
    bones = list(armature_object.data.bones)
    places = {bone.name: number for number, bone in enumerate(bones)}
    parents = [places[bone.parent.name] if bone.parent else -1 for bone in bones]
    order = sorted_by_parents(parents)
    rank = {number: place for place, number in enumerate(order)}
    bones = [bones[number] for number in order]
    driven = driven_bones(armature_object)
    poses = [armature_object.pose.bones[bone.name] for bone in bones]
    world = np.array(armature_object.matrix_world)[:3, :3]
    up = world.T @ [0.0, 0.0, 1.0]
    return RigDescription(
        names=tuple(bone.name for bone in bones),
        parents=tuple(rank[parents[number]] if parents[number] >= 0 else -1 for number in order),
        heads=np.array([bone.head_local for bone in bones]).reshape(-1, 3),
        tails=np.array([bone.tail_local for bone in bones]).reshape(-1, 3),
        frames=np.array([bone.matrix_local for bone in bones]).reshape(-1, 4, 4)[:, :3, :3],
        deform=np.array([bone.use_deform for bone in bones], bool),
        driven=np.array([bone.name in driven or _is_ruled(bone) for bone in poses], bool),
        follows=np.array([bone.name not in driven and _follows(bone) for bone in poses], bool),
        up=up / np.linalg.norm(up),
        ik=tuple(constraint for bone in poses for constraint in _ik(armature_object, bone)),
    )


def driven_bones(armature_object: Any) -> set[str]:
    """Those with drivers on their own transforms."""
    animation = armature_object.animation_data
    paths = [driver.data_path for driver in animation.drivers] if animation else []
    found = (BONE_PATH.match(path) for path in paths)
    return {bpy.utils.unescape_identifier(match[1]) for match in found if match}


def _active(bone: Any) -> Iterator[Any]:
    return (limit for limit in bone.constraints if not limit.mute and limit.influence > 0)


def _is_ruled(bone: Any) -> bool:
    return any(
        constraint.type in RULING
        and constraint.influence > RULES_FROM
        and getattr(constraint, "mix_mode", "REPLACE") == "REPLACE"
        for constraint in _active(bone)
    )


def _follows(bone: Any) -> bool:
    plain = bone.bone.use_inherit_rotation and bone.bone.inherit_scale == "FULL"
    return bool(plain and bone.bone.use_local_location and not any(_active(bone)))


def _ik(armature_object: Any, bone: Any) -> Iterator[IkConstraint]:
    for constraint in _active(bone):
        if constraint.type != "IK" or constraint.target != armature_object:
            continue
        if constraint.subtarget:
            has_pole = constraint.pole_target == armature_object
            pole = constraint.pole_subtarget if has_pole else ""
            length = constraint.chain_count or 1 + len(bone.parent_recursive)
            yield IkConstraint(bone.name, constraint.subtarget, pole, length)
