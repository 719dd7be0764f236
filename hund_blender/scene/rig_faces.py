# SPDX-License-Identifier: GPL-3.0-or-later
"""Facial actions of a source, and what they are on the shape keys of a target's meshes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..compat import channels_to_key, object_channels
from ..retarget.faces import arkit_keys, covered, face_map, key_values
from .rig_curves import sampled, write_keys
from .source_motion import curves_by_path

Array = npt.NDArray[Any]


def faces_of(armature_object: Any) -> list[Any]:
    """The shape keys of the meshes that an armature deforms, and that can be changed."""
    meshes = [thing for thing in bpy.data.objects if thing.type == "MESH"]
    deformed = [mesh for mesh in meshes if _is_deformed(mesh, armature_object)]
    keys = {mesh.data.shape_keys for mesh in deformed if mesh.data.shape_keys}
    return sorted(keys, key=lambda key: str(key.name))


def _is_deformed(mesh: Any, armature_object: Any) -> bool:
    modifiers = (modifier for modifier in mesh.modifiers if modifier.type == "ARMATURE")
    return mesh.parent == armature_object or any(m.object == armature_object for m in modifiers)


def facial_actions(armature_object: Any, frames: Array) -> dict[str, Array]:
    """ARKit's actions (F,) on a source's face, as keyed at frames or else as they are."""
    found: dict[str, Array] = {}
    for shape_keys in faces_of(armature_object):
        curves = curves_by_path(object_channels(shape_keys))
        for name, parts in arkit_keys(shape_keys.key_blocks.keys()).items():
            curve = curves.get((_path(name), 0))
            value = shape_keys.key_blocks[name].value
            values = sampled(curve, frames) if curve else np.full(len(frames), value)
            found.setdefault(next(iter(parts)), values)
    return found


def actions_of(armature_object: Any) -> set[str]:
    """ARKit's actions that the shape keys of a target can do."""
    maps = (face_map(keys.key_blocks.keys()) for keys in faces_of(armature_object))
    return {action for found in maps for action in covered(found)}


def _path(key: str) -> str:
    return f'key_blocks["{bpy.utils.escape_identifier(key)}"].value'


def show_face(armature_object: Any, actions: Mapping[str, Array], amount: float) -> None:
    """Give a target's face the expression of the first frame."""
    for shape_keys in _editable(armature_object):
        for key, values in _values(shape_keys, actions, amount).items():
            shape_keys.key_blocks[key].value = float(values[0])


def key_face(
    armature_object: Any, actions: Mapping[str, Array], amount: float, frames: Array, action: Any
) -> None:
    """Key a target's face on frames (F,): in its own action where one frame is added to that, else
    in the action that its armature got, where actions can hold both.
    """
    for shape_keys in _editable(armature_object):
        values = _values(shape_keys, actions, amount)
        if not values:
            continue
        channels = channels_to_key(shape_keys, _action_for(shape_keys, action, frames))
        for key, column in values.items():
            write_keys(channels, _path(key), frames, column[:, None])


def _action_for(shape_keys: Any, action: Any, frames: Array) -> Any:
    animation = shape_keys.animation_data
    before = animation.action if animation is not None else None
    if before is not None:
        if len(frames) == 1:
            return before
        before.use_fake_user = True
    if hasattr(action, "slots"):
        return action
    return bpy.data.actions.new(f"{action.name} Face")


def _editable(armature_object: Any) -> list[Any]:
    return [keys for keys in faces_of(armature_object) if keys.is_editable]


def _values(shape_keys: Any, actions: Mapping[str, Array], amount: float) -> dict[str, Array]:
    blocks = shape_keys.key_blocks
    wanted = key_values(face_map(blocks.keys()), actions)
    return {
        key: blocks[key].value + amount * (values - blocks[key].value)
        for key, values in wanted.items()
    }
