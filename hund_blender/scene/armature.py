# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's bones: built at rest for their own shape, then posed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..body import PosedBody, RestBody
from ..bones import DrawnBones
from ..compat import deselect_bones
from ..pose import local_transforms_of
from ..rigs import Rig
from .restore import active_kept, editing_bones, object_mode

Array = npt.NDArray[Any]


def build_armature(
    name: str,
    bones: DrawnBones,
    collection: bpy.types.Collection,
    view_layer: bpy.types.ViewLayer,
) -> bpy.types.Object:
    """An armature at rest for one shape, in a collection that the view layer shows."""
    armature = bpy.data.armatures.new(name)
    armature_object = bpy.data.objects.new(name, armature)
    collection.objects.link(armature_object)
    with editing_bones(view_layer, armature_object) as edit_bones:
        _add_bones(edit_bones, bones)
    _sort_into_collections(armature, bones)
    deselect_bones(armature_object)
    armature.display_type = "STICK"
    armature_object.show_in_front = True
    return armature_object


def _add_bones(edit_bones: Any, bones: DrawnBones) -> None:
    for bone, (name, parent) in enumerate(zip(bones.names, bones.parents, strict=True)):
        edit_bone = edit_bones.new(name)
        edit_bone.head, edit_bone.tail = bones.heads[bone], bones.tails[bone]
        edit_bone.align_roll(bones.frames[bone, :3, 2])
        if parent >= 0:
            edit_bone.parent = edit_bones[bones.names[parent]]
            edit_bone.use_connect = bones.joined[bone]


def _sort_into_collections(armature: bpy.types.Armature, bones: DrawnBones) -> None:
    for bone, name in zip(bones.names, bones.collections, strict=True):
        collection = armature.collections.get(name) or armature.collections.new(name)
        collection.assign(armature.bones[bone])


def move_bones(
    view_layer: bpy.types.ViewLayer,
    armature_object: bpy.types.Object,
    before: DrawnBones,
    after: DrawnBones,
) -> None:
    """Move bones at rest from one shape to another; the artist's changes and bones come along."""
    with (
        active_kept(view_layer),
        object_mode(view_layer),
        editing_bones(view_layer, armature_object) as edit_bones,
    ):
        ends = {bone.name: _moved_ends(bone, before, after) for bone in edit_bones}
        for bone in edit_bones:
            bone.head, bone.tail, bone.roll = ends[bone.name]


def _moved_ends(bone: Any, before: DrawnBones, after: DrawnBones) -> tuple[Array, Array, float]:
    """Head, tail and roll of an edit bone; one of the artist's goes with the bone it hangs on."""
    head, tail, roll = np.array(bone.head), np.array(bone.tail), bone.roll
    if bone.name in before.names:
        index = before.names.index(bone.name)
        turn = _roll(after.frames[index]) - _roll(before.frames[index])
        moves = (after.heads - before.heads)[index], (after.tails - before.tails)[index]
        return head + moves[0], tail + moves[1], roll + turn
    carrier = next((up.name for up in bone.parent_recursive if up.name in before.names), None)
    if carrier is None:
        return head, tail, roll
    move = (after.heads - before.heads)[before.names.index(carrier)]
    return head + move, tail + move, roll


def _roll(frame: Array) -> float:
    axis_and_roll: Any = bpy.types.Bone.AxisRollFromMatrix
    # Blender takes lists by column.
    return float(axis_and_roll(frame[:3, :3].T.tolist(), axis=frame[:3, 1].tolist())[1])


def rest_frames(armature_object: bpy.types.Object, names: Sequence[str]) -> Array:
    """The rest frames (B, 4, 4) of the named bones in armature space, as Blender has them."""
    bones = armature_object.data.bones
    return np.array([bones[name].matrix_local for name in names])


def pose_armature(
    armature_object: bpy.types.Object, rig: Rig, rest: RestBody, posed: PosedBody
) -> None:
    """Turn the bones into a pose of the body at the object's origin; only the root bone moves."""
    frames = rest_frames(armature_object, rig.bone_names)
    transforms = local_transforms_of(rig, frames, rest, posed)
    turn_bones(armature_object, rig.bone_names, transforms[:, :3, :3])
    for name in rig.bone_names:
        armature_object.pose.bones[name].location = (0.0, 0.0, 0.0)
    armature_object.pose.bones[rig.bone_names[0]].location = transforms[0, :3, 3]


def local_rotations(armature_object: bpy.types.Object, names: Sequence[str]) -> Array:
    """How the named bones are turned from rest (B, 3, 3), in any rotation mode."""
    bones = armature_object.pose.bones
    basis = np.array([bones[name].matrix_basis for name in names])[:, :3, :3]
    rotations: Array = basis / np.linalg.norm(basis, axis=1, keepdims=True)
    return rotations


def turn_bones(armature_object: bpy.types.Object, names: Sequence[str], rotations: Array) -> None:
    """Turn the named bones from rest by rotations (B, 3, 3), in the rotation mode of each."""
    for name, rotation in zip(names, rotations, strict=True):
        bone = armature_object.pose.bones[name]
        location, scale = bone.location.copy(), bone.scale.copy()
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        bone.matrix_basis = matrix.T.tolist()  # Blender takes lists by column
        bone.location, bone.scale = location, scale
