# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's skin, bound to the armature, with one shape key for each facial action."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..body import Body, RestBody
from ..rigs import Rig
from .arrays import write
from .materials import body_materials
from .skin import number_vertices
from .smplx_keys import add_direction_keys

Array = npt.NDArray[Any]

EYES, IRIS = 1, 3  # of materials.LOOKS
EYE_BONES: Final = frozenset({"eye.L", "eye.R"})  # they look along their Y
IRIS_COS: Final = math.cos(math.radians(24))


def build_mesh(
    name: str,
    rig: Rig,
    rest: RestBody,
    armature_object: bpy.types.Object,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """The rest body as an object that hangs on, and is deformed by, the armature."""
    mesh = _faces(name, rig.body, rest)
    number_vertices(mesh)
    mesh_object = bpy.data.objects.new(name, mesh)
    collection.objects.link(mesh_object)
    mesh_object.parent = armature_object
    _bind(mesh_object, rig.bone_names, rig.weights, armature_object)
    _add_shape_keys(mesh_object, rig.body, rest)
    return mesh_object


def _faces(name: str, body: Body, rest: RestBody) -> bpy.types.Mesh:
    faces = body.arrays["faces"].astype(np.int32)  # quads, of SMPL-X triangles
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(rest.vertices))
    mesh.loops.add(faces.size)
    mesh.polygons.add(len(faces))
    write(mesh.vertices, "co", rest.vertices)
    write(mesh.loops, "vertex_index", faces.ravel())
    write(mesh.polygons, "loop_start", np.arange(0, faces.size, faces.shape[1], dtype=np.int32))
    for material in body_materials():
        mesh.materials.append(material)
    write(mesh.polygons, "material_index", _face_materials(body, rest))
    layer = mesh.uv_layers.new(name="UVMap")
    write(layer.uv, "vector", body.arrays["uvs"][body.arrays["face_uvs"].ravel()])
    mesh.update(calc_edges=True)
    mesh.shade_smooth()
    return mesh


def _face_materials(body: Body, rest: RestBody) -> Array:
    """Material indices (F,): the asset's, but the eyes look out of an iris."""
    materials = body.arrays["face_materials"].astype(np.int32)
    centers = rest.vertices[body.arrays["faces"]].mean(1)
    for name in EYE_BONES & set(body.bone_names):
        eye = body.bone_names.index(name)
        from_eye = centers - rest.heads[eye]
        cosines = from_eye @ rest.rotations[eye][:, 1] / np.linalg.norm(from_eye, axis=1)
        materials[(materials == EYES) & (cosines > IRIS_COS)] = IRIS
    return materials


def _bind(
    mesh_object: bpy.types.Object,
    bone_names: Sequence[str],
    weights: Array,
    armature_object: bpy.types.Object,
) -> None:
    groups = [mesh_object.vertex_groups.new(name=name) for name in bone_names]
    for vertex, bone in zip(*np.nonzero(weights), strict=True):
        groups[bone].add((int(vertex),), float(weights[vertex, bone]), "REPLACE")
    modifier: Any = mesh_object.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature_object


def _add_shape_keys(mesh_object: bpy.types.Object, body: Body, rest: RestBody) -> None:
    mesh_object.shape_key_add(name="Basis", from_mix=False)
    for action in body.facial_action_names:
        key = mesh_object.shape_key_add(name=action, from_mix=False)
        key.value = 0.0  # 5.2 adds keys at 1
        write(key.points, "co", rest.vertices + body.facial_offsets(action))
    add_direction_keys(mesh_object, body, rest)
    mesh_object.active_shape_key_index = 0


def set_facial_actions(mesh_object: bpy.types.Object, actions: Mapping[str, float]) -> None:
    """Set the shape keys of the named actions, 0…1, as far as they are still there."""
    keys = mesh_object.data.shape_keys.key_blocks
    for name, value in actions.items():
        if name in keys:
            keys[name].value = value
