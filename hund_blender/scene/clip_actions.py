# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions that clips write: body and face in one where Blender can, never over others' work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Quaternion

from ..clip.keys import Channel, Keys
from ..compat import SLOTTED_ACTIONS, assign_action, channels_of, new_channels, push_down
from ..errors import SceneError
from .character import rig_of_character, skins_of
from .curves import Fingerprint, clear, fingerprint, write_channel

BODY, FACE = "OBJECT", "KEY"  # kinds of data that the curves are for
ACTIONS: Final = {BODY: "hund_action", FACE: "hund_face_action"}  # on characters: what is ours
MARK: Final = {BODY: "hund_keys", FACE: "hund_face_keys"}  # on actions: what we wrote there
FACE_GROUP: Final = "Face"

KEEP: Final = "KEEP"
NLA: Final = "NLA"


def key_character(name: str, keys: Keys, title: str, before: str) -> Iterator[None]:
    """Key a character, in slices; what moved it before is kept, or pushed down to the NLA.

    Between slices the artist may do anything, so all is looked up anew after each.
    """
    actions = _writable(character_named(name), title)
    marks = {kind: Fingerprint() for kind in actions}
    yield
    for bone in range(len(keys.rotations)):
        _write_bone(character_named(name), _channels(actions, BODY), keys, bone, marks[BODY])
        yield
    for key, channel in _face_channels(character_named(name), keys):
        path = f'key_blocks["{bpy.utils.escape_identifier(key)}"].value'
        between, mark = keys.interpolation, marks[FACE]
        write_channel(_channels(actions, FACE), FACE_GROUP, path, channel, between, mark)
        yield
    _attach(character_named(name), actions, marks, before)


def character_named(name: str) -> Any:
    character = bpy.data.objects.get(name)
    if character is None:
        raise SceneError(f"The character “{name}” is gone.", "Import the clip again.")
    return character


def _writable(character: Any, title: str) -> dict[str, str]:
    """Names of the actions by kind: ours from before, emptied; new ones if they were edited."""
    kinds = (BODY, FACE) if faces_of(character) else (BODY,)
    ours = {kind: character.get(ACTIONS[kind]) for kind in kinds}
    if all(_is_as_we_left_it(action, kind) for kind, action in ours.items()):
        for kind, action in ours.items():
            clear(channels_of(action, kind))
    else:
        for action in filter(None, ours.values()):
            action.use_fake_user = True
        ours = _new_actions(kinds, title)
    for kind, action in ours.items():
        character[ACTIONS[kind]] = action
    return {kind: action.name for kind, action in ours.items()}


def _is_as_we_left_it(action: Any, kind: str) -> bool:
    if action is None or action.library is not None or MARK[kind] not in action:
        return False
    channels = channels_of(action, kind)
    return channels is not None and fingerprint(channels).matches(action[MARK[kind]])


def _new_actions(kinds: tuple[str, ...], title: str) -> dict[str, Any]:
    body = bpy.data.actions.new(title)
    actions = {BODY: body}
    if FACE in kinds:
        actions[FACE] = body if SLOTTED_ACTIONS else bpy.data.actions.new(f"{title} Face")
    for kind, action in actions.items():
        new_channels(action, kind)
    return actions


def _channels(actions: Mapping[str, str], kind: str) -> Any:
    action = bpy.data.actions.get(actions[kind])
    channels = channels_of(action, kind) if action is not None else None
    if channels is None:
        raise SceneError("The keys were undone while they were made.", "Press Re-process.")
    return channels


def _write_bone(character: Any, channels: Any, keys: Keys, number: int, mark: Fingerprint) -> None:
    rig = rig_of_character(character.data)
    name = rig.bone_names[number]
    bone = character.pose.bones[name]
    path = f'pose.bones["{bpy.utils.escape_identifier(name)}"]'
    if number == 0:
        place = _location(bone.bone, keys.root)
        write_channel(channels, name, f"{path}.location", place, keys.interpolation, mark)
    way, channel = _turns(bone.rotation_mode, keys.rotations[number])
    write_channel(channels, name, f"{path}.{way}", channel, keys.interpolation, mark)


def _location(bone: Any, root: Channel) -> Channel:
    """The root's place in armature space as its location, in its own axes away from rest."""
    axes = np.array(bone.matrix_local)[:3, :3]
    away = root.values - np.array(bone.head_local)
    slopes = None if root.slopes is None else root.slopes @ axes
    return Channel(root.frames, away @ axes, slopes, root.seen, root.holds)


def _turns(mode: Any, channel: Channel) -> tuple[str, Channel]:
    """The channel in the rotation mode that the artist gave the bone, and the property's name."""
    if mode == "QUATERNION":
        return "rotation_quaternion", channel
    turns = [Quaternion(wxyz) for wxyz in channel.values.tolist()]
    if mode == "AXIS_ANGLE":
        pairs: list[Any] = [turn.to_axis_angle() for turn in turns]
        values = np.array([(angle, *axis) for axis, angle in pairs])
        return "rotation_axis_angle", _revalued(channel, values)
    eulers: list[Any] = []
    for turn in turns:
        eulers.append(turn.to_euler(mode, eulers[-1]) if eulers else turn.to_euler(mode))
    return "rotation_euler", _revalued(channel, np.array(eulers))


def _revalued(channel: Channel, values: Any) -> Channel:
    return Channel(channel.frames, values, None, channel.seen, channel.holds)


def _face_channels(character: Any, keys: Keys) -> list[tuple[str, Channel]]:
    """Names of the shape keys that are still there, and what moves them."""
    names = rig_of_character(character.data).body.facial_action_names
    there = {name for face in faces_of(character) for name in face.key_blocks.keys()}  # noqa: SIM118 - Blender's
    pairs = zip(names, keys.facial_actions, strict=True)
    return [(name, channel) for name, channel in pairs if name in there]


def faces_of(character: Any) -> list[Any]:
    """The shape keys of the skins of this very character."""
    skins: list[Any] = skins_of(character.data)
    own = [skin for skin in skins if skin.find_armature() == character]
    return [skin.data.shape_keys for skin in own if skin.data.shape_keys]


def _attach(
    character: Any, actions: Mapping[str, str], marks: Mapping[str, Fingerprint], before: str
) -> None:
    """Let the actions move the character, and remember what was written."""
    for kind, name in actions.items():
        action: Any = bpy.data.actions[name]
        action[MARK[kind]] = [float(marks[kind].count), marks[kind].total]
        for owner in [character] if kind == BODY else faces_of(character):
            _set_aside(owner, action, before)
            assign_action(owner, action, kind)


def _set_aside(owner: Any, ours: Any, before: str) -> None:
    """Keep what moved a thing so far, unless it is ours anyway."""
    animation = owner.animation_data
    current = animation.action if animation is not None else None
    if current is None or current == ours:
        return
    if before == NLA:
        push_down(owner)
    else:
        current.use_fake_user = True
