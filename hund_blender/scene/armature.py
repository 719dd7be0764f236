# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's bones: built at rest for their own shape, then posed."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..body import Body, RestBody
from ..bones import bone_frames, collection_of, drawn_tails, main_children
from ..compat import deselect_bones
from ..pose import PlacedPerson, local_transforms, posed_frames
from ..rotations import quaternions_from_matrices
from .arrays import read
from .restore import editing_bones

Array = npt.NDArray[Any]

NEGLIGIBLE_M = 1e-6


def build_armature(
    name: str,
    body: Body,
    rest: RestBody,
    collection: bpy.types.Collection,
    view_layer: bpy.types.ViewLayer,
) -> bpy.types.Object:
    """An armature at rest for one shape, in a collection that the view layer shows."""
    armature = bpy.data.armatures.new(name)
    armature_object = bpy.data.objects.new(name, armature)
    collection.objects.link(armature_object)
    with editing_bones(view_layer, armature_object) as edit_bones:
        _add_bones(edit_bones, body, rest)
    _sort_into_collections(armature)
    deselect_bones(armature_object)
    armature.display_type = "STICK"
    armature_object.show_in_front = True
    return armature_object


def _add_bones(edit_bones: Any, body: Body, rest: RestBody) -> None:
    tails = drawn_tails(rest, body.bone_parents)
    frames = bone_frames(rest, tails)
    children = main_children(rest, body.bone_parents)
    for bone, (name, parent) in enumerate(zip(body.bone_names, body.bone_parents, strict=True)):
        edit_bone = edit_bones.new(name)
        edit_bone.head, edit_bone.tail = rest.heads[bone], tails[bone]
        edit_bone.align_roll(frames[bone, :3, 2])
        if parent >= 0:
            edit_bone.parent = edit_bones[body.bone_names[parent]]
            edit_bone.use_connect = children[parent] == bone and parent > 0


def _sort_into_collections(armature: bpy.types.Armature) -> None:
    for bone in armature.bones:
        name = collection_of(bone.name)
        collection = armature.collections.get(name) or armature.collections.new(name)
        collection.assign(bone)


def rest_frames(armature_object: bpy.types.Object) -> Array:
    """The bones' rest frames (B, 4, 4) in armature space, as Blender has them."""
    columns = read(armature_object.data.bones, "matrix_local", 16).reshape(-1, 4, 4)
    return columns.swapaxes(1, 2).astype(np.float64)


def pose_armature(armature_object: bpy.types.Object, body: Body, placed: PlacedPerson) -> None:
    """Stand the object at its place and turn its bones into the pose; only the root bone moves."""
    armature_object.location = placed.location.tolist()
    names = [bone.name for bone in armature_object.data.bones]
    order = [body.bone_names.index(name) for name in names]
    rest = np.empty((len(names), 4, 4))
    rest[order] = rest_frames(armature_object)
    transforms = local_transforms(body.bone_parents, rest, posed_frames(placed, rest))
    rotations = quaternions_from_matrices(transforms[:, :3, :3])
    for bone, name in enumerate(body.bone_names):
        pose_bone = armature_object.pose.bones[name]
        pose_bone.rotation_mode = "QUATERNION"
        pose_bone.rotation_quaternion = rotations[bone]
        if np.abs(transforms[bone, :3, 3]).max() > NEGLIGIBLE_M:
            pose_bone.location = transforms[bone, :3, 3]
