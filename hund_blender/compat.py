# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Blender 4.2, 4.5 and 5.2 differ for us; no other file asks for the version."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np

BLENDER_5: bool = bpy.app.version >= (5, 0, 0)
SLOTTED_ACTIONS: bool = bpy.app.version >= (4, 4, 0)
SAVES_COPIES: bool = bpy.app.version >= (4, 5, 0)


def node_tree(material: bpy.types.Material) -> bpy.types.NodeTree:
    """A material's nodes, which before 5.0 are off until asked for."""
    if not BLENDER_5:
        material.use_nodes = True
    assert material.node_tree is not None
    return material.node_tree


def node_of_type(tree: bpy.types.NodeTree, kind: str) -> bpy.types.Node:
    """The first node of a type: names follow the interface language, types do not."""
    return next(node for node in tree.nodes if node.type == kind)


def deselect_bones(armature_object: bpy.types.Object) -> None:
    """Deselect all bones; 5.0 moved their selection from Bone to PoseBone."""
    holders = armature_object.pose.bones if BLENDER_5 else armature_object.data.bones
    holders.foreach_set("select", [False] * len(holders))


def selected_bones(armature_object: Any) -> list[str]:
    """Names of the visible bones that are selected in pose mode."""
    bones = armature_object.pose.bones
    holders = bones if BLENDER_5 else armature_object.data.bones
    return [bone.name for bone in holders if bone.select and not bone.hide]


def select_bone(armature_object: Any, name: str) -> None:
    """Select a bone besides those that are selected."""
    holders = armature_object.pose.bones if BLENDER_5 else armature_object.data.bones
    holders[name].select = True


def new_channels(action: Any, kind: str) -> Any:
    """Where the F-curves and groups of a kind of data, such as OBJECT, go in an action.

    Since 4.4 it is a new slot of the action; before, an action had one kind only.
    """
    if not SLOTTED_ACTIONS:
        action.id_root = kind
        return action
    return _strip(action).channelbag(action.slots.new(kind, action.name), ensure=True)


def channels_of(action: Any, kind: str) -> Any:
    """What new_channels made; None where the action has none of that kind."""
    if not SLOTTED_ACTIONS:
        return action if action.id_root == kind else None
    return _bag(action, slot_of(action, kind))


def slot_of(action: Any, kind: str) -> Any:
    """The first slot for a kind of data, None where there is none. Only since 4.4."""
    return next((slot for slot in action.slots if slot.target_id_type == kind), None)


def assign_action(owner: Any, action: Any, kind: str) -> None:
    """Let an action move a thing, by the slot for its kind."""
    animation = owner.animation_data_create()
    animation.action = action
    if SLOTTED_ACTIONS:
        animation.action_slot = slot_of(action, kind)


def push_down(owner: Any) -> None:
    """Put the action of a thing into a new NLA track, so that another one can take its place."""
    animation = owner.animation_data
    action, slot = animation.action, animation.action_slot if SLOTTED_ACTIONS else None
    track = animation.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, int(action.frame_range[0]), action)
    if slot is not None:
        strip.action_slot = slot
    animation.action = None


def strips_of(scene: bpy.types.Scene) -> list[Any]:
    """All strips of a scene's sequencer; before 4.4 they were called sequences."""
    editor: Any = scene.sequence_editor
    if editor is None:
        return []
    return list(editor.strips if SLOTTED_ACTIONS else editor.sequences)


def strip_range(strip: Any) -> tuple[int, int, int]:
    """Where a strip begins in the scene, how long it is, and how much of its start is cut off.

    5.2 has new names for that.
    """
    if hasattr(strip, "left_handle"):
        start = int(strip.left_handle)
        cut = start - int(strip.content_start) + int(strip.content_trim_start)
        return start, int(strip.duration), cut
    start = int(strip.frame_final_start)
    cut = int(strip.frame_offset_start) + int(strip.animation_offset_start)
    return start, int(strip.frame_final_duration), cut


def save_copy(image: Any, path: Path) -> None:
    """Write an image as it is now to a PNG; older ones can write only its own file."""
    if SAVES_COPIES:
        image.save(filepath=str(path), save_copy=True)
        return
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    copy: Any = bpy.data.images.new("", width, height, alpha=True, float_buffer=image.is_float)
    try:
        copy.pixels.foreach_set(pixels)
        copy.file_format, copy.filepath_raw = "PNG", str(path)
        copy.save()
    finally:
        bpy.data.images.remove(copy)


def object_channels(thing: Any) -> Any:
    """Where the F-curves of an object's action are, None without an action."""
    animation = thing.animation_data
    if animation is None or animation.action is None:
        return None
    if not SLOTTED_ACTIONS:
        return animation.action
    return _bag(animation.action, animation.action_slot)


def channels_to_key(thing: Any, action: Any) -> Any:
    """Give data an action, with a slot of it where there are slots; returns where curves go."""
    animation = thing.animation_data or thing.animation_data_create()
    animation.action = action
    if not SLOTTED_ACTIONS:
        action.id_root = thing.id_type
        return action
    slot = animation.action_slot or slot_of(action, thing.id_type)
    animation.action_slot = slot or action.slots.new(thing.id_type, thing.name)
    return _strip(action).channelbag(animation.action_slot, ensure=True)


def _bag(action: Any, slot: Any) -> Any:
    strips = [strip for layer in action.layers for strip in layer.strips]
    return strips[0].channelbag(slot) if slot is not None and strips else None


def _strip(action: Any) -> Any:
    layer: Any = action.layers[0] if action.layers else action.layers.new("Layer")
    return layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
