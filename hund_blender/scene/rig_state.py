# SPDX-License-Identifier: GPL-3.0-or-later
"""What the channels of a rig's bones hold, read and put back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..retarget.channels import AXIS_ANGLE, QUATERNION, BoneState, rotation_matrices

Array = npt.NDArray[Any]

ROTATIONS: Final = {QUATERNION: "rotation_quaternion", AXIS_ANGLE: "rotation_axis_angle"}
CHANNELS: Final = {
    "location": 3,
    "rotation_quaternion": 4,
    "rotation_euler": 3,
    "rotation_axis_angle": 4,
    "scale": 3,
    "ik_stretch": 1,
}


def rotation_channel(mode: str) -> str:
    """The channel that a rotation mode keeps its values in."""
    return ROTATIONS.get(mode, "rotation_euler")


def state_of(bone: Any) -> BoneState:
    """The channels and locks of a pose bone."""
    return BoneState(
        mode=bone.rotation_mode,
        rotation=np.array(getattr(bone, rotation_channel(bone.rotation_mode)), float),
        location=np.array(bone.location),
        scale=np.array(bone.scale),
        rotation_locks=np.array(bone.lock_rotation, bool),
        w_lock=bone.lock_rotation_w,
        locks_4d=bone.lock_rotations_4d,
        location_locks=np.array(bone.lock_location, bool) | _is_joined(bone),
        location_axes=location_axes(bone),
    )


def location_axes(bone: Any) -> Array:
    """The axes (3, 3) of a pose bone's location in those of its rotation: the same, or where it is
    told so those of the armature.
    """
    if bone.bone.use_local_location:
        return np.eye(3)
    return np.array(bone.bone.matrix_local)[:3, :3].T


def _is_joined(bone: Any) -> bool:
    """Whether a bone sticks to its parent's tail, which makes Blender ignore its location."""
    return bool(bone.bone.use_connect and bone.parent)


def rotations_of(state: BoneState) -> Array:
    """The rotation (3, 3) that the channels hold."""
    matrix: Array = rotation_matrices(state.rotation[None], state.mode)[0]
    return matrix


Snapshot = dict[str, Array]


def snapshot(armature_object: Any) -> Snapshot:
    """All channels of all bones, to be put back."""
    bones = armature_object.pose.bones
    kept = {name: np.empty(len(bones) * width, np.float32) for name, width in CHANNELS.items()}
    for name, values in kept.items():
        bones.foreach_get(name, values)
    return kept


def put_back(armature_object: Any, kept: Snapshot) -> None:
    """Inverse of snapshot, unless bones came or went."""
    bones = armature_object.pose.bones
    for name, values in kept.items():
        if len(values) == len(bones) * CHANNELS[name]:
            bones.foreach_set(name, values)
    armature_object.update_tag()


@contextmanager
def pose_kept(armature_object: Any) -> Iterator[None]:
    """The same pose afterwards, channel by channel."""
    kept = snapshot(armature_object)
    try:
        yield
    finally:
        put_back(armature_object, kept)


def set_basis(armature_object: Any, names: Sequence[str], basis: Array) -> None:
    """Give bones own transforms (N, 4, 4), whatever their rotation modes."""
    for name, matrix in zip(names, basis, strict=True):
        # Blender takes lists by column.
        armature_object.pose.bones[name].matrix_basis = matrix.T.tolist()
