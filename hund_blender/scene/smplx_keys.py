# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys that only SMPL-X has: betas, expressions, and corrections that poses drive.

`Shape` and `Exp` keys come on top of the person's own betas and expression and move the skin alone.
"""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..body import Body, RestBody
from ..smplx import DRIVEN_JOINTS, driver_expression, entry_in_quaternion
from .armature import rest_frames
from .arrays import read, write
from .character import rig_of_character
from .skin import moves_of

Array = npt.NDArray[Any]

KEYS: Final = 10  # of betas and of expressions
LIMIT: Final = 5.0  # standard deviations
POSE_LIMIT: Final = 2.0  # entries of rotations are at most so far from those of none
ENTRIES: Final = 9  # of a rotation
FELT_M: Final = 1e-4  # corrections that nowhere move the skin farther are left out
QUATERNION: Final = (("w", "ROT_W"), ("x", "ROT_X"), ("y", "ROT_Y"), ("z", "ROT_Z"))


def add_direction_keys(mesh_object: bpy.types.Object, body: Body, rest: RestBody) -> None:
    """Shape000… and Exp000…, on skins of SMPL-X."""
    if not body.rests_in_t_pose:
        return
    for prefix, name in (("Shape", "shape_vertices"), ("Exp", "expression_vertices")):
        for number in range(min(KEYS, len(body.arrays[name]))):
            key = _new_key(mesh_object, f"{prefix}{number:03}", LIMIT)
            write(key.points, "co", rest.vertices + body.directions(name, number))


def has_pose_correctives(mesh_object: bpy.types.Object) -> bool:
    keys = mesh_object.data.shape_keys
    return keys is not None and any(key.name.startswith("Pose") for key in keys.key_blocks)


def add_pose_correctives(skin: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Pose000… with drivers, numbered as SMPL-X does: by joint, then by entry of its rotation."""
    rig = rig_of_character(armature.data)
    frames = rest_frames(armature, rig.bone_names)[:, :3, :3]
    mesh: Any = skin.data
    basis = read(mesh.shape_keys.reference_key.data, "co", 3)
    for number in range(len(rig.body.arrays["pose_vertices"])):
        moves = rig.body.directions("pose_vertices", number)
        if np.abs(moves).max() < FELT_M:
            continue
        joint = DRIVEN_JOINTS[number // ENTRIES]
        frame = frames[rig.bone_names.index(joint)]
        key = _new_key(skin, f"Pose{number:03}", POSE_LIMIT)
        write(key.points, "co", basis + moves_of(mesh, moves))
        _drive(key, armature, joint, entry_in_quaternion(number % ENTRIES, frame))


def remove_pose_correctives(skin: bpy.types.Object) -> None:
    for key in list(skin.data.shape_keys.key_blocks):
        if key.name.startswith("Pose"):
            key.driver_remove("value")
            skin.shape_key_remove(key)


def _new_key(mesh_object: bpy.types.Object, name: str, limit: float) -> Any:
    key = mesh_object.shape_key_add(name=name, from_mix=False)
    key.slider_min, key.slider_max = -limit, limit
    key.value = 0.0  # 5.2 adds keys at 1
    return key


def _drive(key: Any, armature: bpy.types.Object, bone: str, terms: Array) -> None:
    driver: Any = key.driver_add("value").driver
    driver.type = "SCRIPTED"
    for name, kind in QUATERNION:
        variable = driver.variables.new()
        variable.name, variable.type = name, "TRANSFORMS"
        target = variable.targets[0]
        target.id, target.bone_target = armature, bone
        target.transform_type, target.rotation_mode = kind, "QUATERNION"
        target.transform_space = "LOCAL_SPACE"
    driver.expression = driver_expression(terms)
