# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender makes of a scene: deformed vertices and where a camera shows them."""

import bpy
import numpy as np


def evaluated_vertices(mesh_object: bpy.types.Object) -> np.ndarray:
    """World vertices (V, 3) as Blender deforms them."""
    evaluated = mesh_object.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(len(evaluated.data.vertices) * 3, np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    world = np.array(evaluated.matrix_world)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


def seen_px(points: np.ndarray, camera: bpy.types.Object) -> np.ndarray:
    """Pixels (N, 2), origin top left, at which a camera's render shows world points (N, 3)."""
    render = bpy.context.scene.render
    depsgraph = bpy.context.evaluated_depsgraph_get()
    evaluated = camera.evaluated_get(depsgraph)
    view = np.array(evaluated.matrix_world.inverted())
    matrix = (
        np.array(
            evaluated.calc_matrix_camera(depsgraph, x=render.resolution_x, y=render.resolution_y)
        )
        @ view
    )
    clip = np.c_[points, np.ones(len(points))] @ matrix.T
    device = clip[:, :2] / clip[:, 3:]
    return (device * [1, -1] + 1) / 2 * [render.resolution_x, render.resolution_y]
