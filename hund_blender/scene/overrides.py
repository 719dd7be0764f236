# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked rigs made posable by library overrides."""

from __future__ import annotations

from typing import Any

import bpy


def override_of(thing: Any, scene: Any, view_layer: Any) -> Any:
    """An override of a linked armature object, with the collection that it came in, if it came in
    one; None where Blender makes none.
    """
    collection = next((c for c in bpy.data.collections if _brings(c, thing, scene)), None)
    root = thing if collection is None else collection
    made = root.override_hierarchy_create(scene, view_layer, do_fully_editable=True)
    if made is None and collection is None:
        return thing.override_create(remap_local_usages=True)
    overrides = (other for other in bpy.data.objects if other.override_library)
    return next((o for o in overrides if o.override_library.reference == thing), None)


def _brings(collection: Any, thing: Any, scene: Any) -> bool:
    """Whether an object is in the scene by this linked collection, itself or instanced."""
    if collection.library is None or thing.name not in collection.all_objects:
        return False
    is_child = collection.name in scene.collection.children
    return is_child or any(other.instance_collection == collection for other in scene.objects)
