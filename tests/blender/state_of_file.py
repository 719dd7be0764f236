# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the open file, in a form that two moments can be compared by."""

from typing import Any

import bpy

HOLDERS = ("actions", "armatures", "cameras", "collections", "images", "materials", "meshes")
HOLDERS += ("objects", "scenes", "texts", "worlds")


def state_of_file() -> dict[str, Any]:
    """Names of all data, links of all objects, and the settings an import may touch."""
    scene = bpy.context.scene
    state: dict[str, Any] = {name: sorted(getattr(bpy.data, name).keys()) for name in HOLDERS}
    state["links"] = {ob.name: [c.name for c in ob.users_collection] for ob in bpy.data.objects}
    state["places"] = {ob.name: [tuple(row) for row in ob.matrix_world] for ob in bpy.data.objects}
    state["selected"] = sorted(ob.name for ob in bpy.data.objects if ob.select_get())
    state["active"] = getattr(bpy.context.view_layer.objects.active, "name", None)
    state["mode"] = bpy.context.mode
    state["camera"] = getattr(scene.camera, "name", None)
    render = scene.render
    state["render"] = (render.resolution_x, render.resolution_y, render.resolution_percentage)
    return state
