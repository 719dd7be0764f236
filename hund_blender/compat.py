# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Blender 4.2, 4.5 and 5.2 differ for us; no other file asks for the version."""

import bpy

BLENDER_5: bool = bpy.app.version >= (5, 0, 0)


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
