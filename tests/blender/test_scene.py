# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the scene is what the parameters say, to the pixel and to a tenth of a millimetre."""

from pathlib import Path

import bpy
import made_people
import numpy as np
import pytest
from hund_blender.axes import blender_from_cam
from hund_blender.body import Body
from hund_blender.estimate import parse_estimate
from hund_blender.job import PhotoResult
from hund_blender.scene.people import add_photos
from pictures import write_picture

TENTH_MM = 1e-4


def result(body: Body, path: Path, people: list[dict], width: int = 640, height: int = 480) -> PhotoResult:
    write_picture(path, width, height)
    return PhotoResult(path, parse_estimate(made_people.answer(people, width, height)), body)


def evaluated_vertices(mesh_object: bpy.types.Object) -> np.ndarray:
    """World vertices (V, 3) as Blender deforms them."""
    evaluated = mesh_object.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(len(evaluated.data.vertices) * 3, np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    world = np.array(evaluated.matrix_world)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


def seen_px(points: np.ndarray, camera: bpy.types.Object) -> np.ndarray:
    """Pixels, origin top left, at which the scene's render camera shows world points."""
    render = bpy.context.scene.render
    depsgraph = bpy.context.evaluated_depsgraph_get()
    view = np.array(camera.evaluated_get(depsgraph).matrix_world.inverted())
    matrix = np.array(camera.calc_matrix_camera(depsgraph, x=render.resolution_x, y=render.resolution_y)) @ view
    clip = np.c_[points, np.ones(len(points))] @ matrix.T
    device = clip[:, :2] / clip[:, 3:]
    return (device * [1, -1] + 1) / 2 * [render.resolution_x, render.resolution_y]


def test_body_camera_and_world_agree(body: Body, tmp_path: Path) -> None:
    people = [made_people.person(body, seed, x_m) for seed, x_m in ((1, -0.8), (2, 0.7))]
    assert add_photos(bpy.context.scene, [result(body, tmp_path / "party.png", people)], use_camera=True) == []
    camera = bpy.context.scene.camera
    collection = bpy.data.collections["party"]
    meshes = [ob for ob in collection.objects if ob.type == "MESH"]
    assert len(meshes) == 2
    lowest = np.inf
    for mesh_object, expected in zip(meshes, people, strict=True):
        vertices_cam = made_people.vertices_cam(body, expected["parameters"])
        vertices = evaluated_vertices(mesh_object)
        np.testing.assert_allclose(vertices, blender_from_cam(vertices_cam, np.array(camera.location)), atol=TENTH_MM)
        pixels = made_people.project(vertices_cam, 768.0, (320, 240))
        np.testing.assert_allclose(seen_px(vertices, camera), pixels, atol=0.05)
        lowest = min(lowest, vertices[:, 2].min())
    assert lowest == pytest.approx(0, abs=TENTH_MM)
