# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Blender 4.2, 4.5 and 5.2 differ for us; no other file asks for the version."""

from typing import Any

import bpy

BLENDER_5: bool = bpy.app.version >= (5, 0, 0)
SLOTTED_ACTIONS: bool = bpy.app.version >= (4, 4, 0)


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


def new_object_channels(action: Any) -> Any:
    """Where the F-curves and groups of objects go in a new action: since 4.4 into a slot of it."""
    if not SLOTTED_ACTIONS:
        action.id_root = "OBJECT"
        return action
    slot = action.slots.new("OBJECT", action.name)
    strip: Any = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)
