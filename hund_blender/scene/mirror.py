# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses with left and right exchanged: of characters, and of pose assets as copies."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

import bpy
import numpy as np

from ..compat import channels_of, new_channels
from ..mirroring import SIGNS, both_sides, mirrored, other_side
from .character import obstacle, rig_of_character
from .pose_assets import key_values
from .sightings import forget_sighting
from .takeover import faces_of, key_bones, key_pose

BONE_PATH: Final = re.compile(r'pose\.bones\["(.+)"\]\.(\w+)')


def mirror_pose(character: Any, chosen: Collection[str], *, key: bool) -> None:
    """Exchange the sides of the chosen bones and of those opposite to them; of all bones and the
    face where none is chosen. SceneError where the character cannot be posed.
    """
    problem = obstacle(character.data)
    if problem is not None:
        raise problem
    bones = character.pose.bones
    names = [name for name in both_sides(chosen or bones.keys()) if other_side(name) in bones]
    before = {name: np.array(bones[name].matrix_basis) for name in names}
    for name in names:
        bones[name].matrix_basis = mirrored(before[other_side(name)]).T.tolist()  # by column
    if not chosen:
        _mirror_face(character)
        forget_sighting(character)
    if key and chosen:
        key_bones(character, names)
    elif key:
        key_pose(character)


def _mirror_face(character: Any) -> None:
    actions = set(rig_of_character(character.data).body.facial_action_names)
    for skin in faces_of(character):
        keys: Any = skin.data.shape_keys.key_blocks
        values = {name: keys[name].value for name in actions & set(keys.keys())}
        for name in values:
            keys[name].value = values.get(other_side(name), 0.0)


def mirrored_copy(action: Any) -> Any:
    """A pose asset like this one, to the other side."""
    copy: Any = bpy.data.actions.new(f"{action.name} Mirrored")
    channels = new_channels(copy, "OBJECT")
    for (bone, channel), values in _poses(action).items():
        key_values(channels, other_side(bone), channel, values * SIGNS[channel])
    copy.asset_mark()
    for name, value in action.items():
        copy[name] = value
    _copy_asset_data(action.asset_data, copy.asset_data)
    if action.preview is not None and action.preview.image_size[0]:
        _mirror_preview(action.preview, copy.preview_ensure())
    return copy


def _poses(action: Any) -> dict[tuple[str, str], Any]:
    """By bone and channel what is keyed first."""
    found: dict[tuple[str, str], Any] = {}
    for curve in channels_of(action, "OBJECT").fcurves:
        path = BONE_PATH.fullmatch(curve.data_path)
        if path is not None and path[2] in SIGNS:
            key = bpy.utils.unescape_identifier(path[1]), path[2]
            values = found.setdefault(key, _at_rest(path[2]))
            values[curve.array_index] = curve.keyframe_points[0].co.y
    return found


def _at_rest(channel: str) -> Any:
    values = np.zeros(len(SIGNS[channel]))
    if channel == "scale":
        values[:] = 1
    if channel == "rotation_quaternion":
        values[0] = 1
    return values


def _copy_asset_data(source: Any, target: Any) -> None:
    target.catalog_id = source.catalog_id
    for name in ("author", "copyright", "description", "license"):
        setattr(target, name, getattr(source, name))
    for tag in source.tags:
        target.tags.new(tag.name, skip_if_exists=True)


def _mirror_preview(source: Any, target: Any) -> None:
    width, height = source.image_size
    pixels = np.empty(width * height * 4, np.float32)
    source.image_pixels_float.foreach_get(pixels)
    target.image_size = width, height
    flipped = pixels.reshape(height, width, 4)[:, ::-1]
    target.image_pixels_float.foreach_set(np.ascontiguousarray(flipped).ravel())
