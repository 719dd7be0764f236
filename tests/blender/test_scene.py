# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene is what the parameters say, to the pixel and to a tenth of a millimetre."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import made_people
import numpy as np
import pytest
from looking import evaluated_vertices, seen_px
from made_photos import add, made_result, meshes_of
from pictures import write_picture

from hund_blender.axes import blender_from_cam
from hund_blender.body import Body
from hund_blender.estimate import parse_estimate
from hund_blender.placing import PhotoResult
from hund_blender.scene.character import phenotypes_of
from hund_blender.scene.people import SceneOptions
from hund_blender.scene.room import first_free

TENTH_MM = 1e-4
ARKIT_ACTIONS = 52


def assert_seen_as_estimated(
    body: Body, collection: str, people: Sequence[dict[str, Any]], width: int, height: int
) -> None:
    """Every vertex lies where the pinhole camera of the answer puts it."""
    bpy.context.view_layer.update()
    camera = next(ob for ob in bpy.data.collections[collection].objects if ob.type == "CAMERA")
    meshes = meshes_of(collection)
    assert len(meshes) == len(people)
    for mesh_object, person in zip(meshes, people, strict=True):
        vertices_cam = made_people.vertices_cam(body, person["parameters"])
        vertices = evaluated_vertices(mesh_object)
        np.testing.assert_allclose(
            vertices, blender_from_cam(vertices_cam, np.array(camera.location)), atol=TENTH_MM
        )
        expected_px = made_people.project(
            vertices_cam, 1.2 * max(width, height), (width / 2, height / 2)
        )
        np.testing.assert_allclose(seen_px(vertices, camera), expected_px, atol=0.05)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (300, 500), (400, 400)])
def test_body_camera_and_world_agree(body: Body, tmp_path: Path, width: int, height: int) -> None:
    people = [
        made_people.person(body, seed, x_m, width, height) for seed, x_m in ((1, -0.8), (2, 0.7))
    ]
    add(made_result(body, tmp_path / "party.png", people, width, height))
    assert_seen_as_estimated(body, "party", people, width, height)
    render = bpy.context.scene.render
    assert (render.resolution_x, render.resolution_y) == (width, height)
    assert bpy.context.scene.camera.name == "party Camera"


def test_lowest_person_stands_on_the_floor(body: Body, tmp_path: Path) -> None:
    add(
        made_result(body, tmp_path / "two.png", [made_people.person(body, seed) for seed in (3, 4)])
    )
    lowest = min(evaluated_vertices(mesh)[:, 2].min() for mesh in meshes_of("two"))
    assert lowest == pytest.approx(0, abs=TENTH_MM)


def test_without_floor_the_camera_is_at_height_zero(body: Body, tmp_path: Path) -> None:
    people = [made_people.person(body, seed) for seed in (3, 4)]
    add(made_result(body, tmp_path / "two.png", people), options=SceneOptions(on_floor=False))
    assert bpy.data.objects["two Camera"].location.z == 0
    assert_seen_as_estimated(body, "two", people, 640, 480)
    lowest = min(evaluated_vertices(mesh)[:, 2].min() for mesh in meshes_of("two"))
    origins = [mesh.parent.location.z for mesh in meshes_of("two")]
    assert origins == pytest.approx([lowest, lowest], abs=TENTH_MM)


def test_without_a_camera_the_scene_keeps_its_own(body: Body, tmp_path: Path) -> None:
    bpy.ops.object.camera_add()
    own = bpy.context.scene.camera = bpy.context.object
    add(
        made_result(body, tmp_path / "a.png", [made_people.person(body)]),
        options=SceneOptions(match_camera=False),
    )
    assert bpy.context.scene.camera == own
    assert list(bpy.data.cameras) == [own.data]
    assert bpy.context.scene.render.resolution_x == 1920


def test_several_photos_stand_side_by_side_and_keep_the_first_camera(
    body: Body, tmp_path: Path
) -> None:
    people = [made_people.person(body, seed) for seed in (1, 2, 3)]
    shapes = [(640, 480), (300, 500), (640, 480)]
    first, second, third = (
        made_result(body, tmp_path / f"{name}.png", [person], *shape)
        for name, person, shape in zip("abc", people, shapes, strict=True)
    )
    add(first, second)
    add(third, options=SceneOptions(use_camera=False))
    scene = bpy.context.scene
    assert scene.camera.name == "a Camera"
    assert (scene.render.resolution_x, scene.render.resolution_y) == (640, 480)
    places = [np.r_[evaluated_vertices(meshes_of(name)[0])[:, 0]] for name in "abc"]
    assert places[0].max() + 1 < places[1].min()
    assert places[1].max() + 1 < places[2].min()
    for name in "bc":  # out of the first camera's picture
        seen = seen_px(evaluated_vertices(meshes_of(name)[0]), scene.camera)
        assert (seen[:, 0] > 640).all()


def test_second_photo_of_another_shape_fits_its_background(body: Body, tmp_path: Path) -> None:
    """The photo is fitted into the frame by its height, so people must be too."""
    person = made_people.person(body, 5, 0.1, 300, 500)
    add(made_result(body, tmp_path / "wide.png", [made_people.person(body)]))
    add(
        made_result(body, tmp_path / "tall.png", [person], 300, 500),
        options=SceneOptions(use_camera=False),
    )
    camera = bpy.data.objects["tall Camera"]
    seen = seen_px(evaluated_vertices(meshes_of("tall")[0]), camera)
    scale = 480 / 500
    background_left = (640 - 300 * scale) / 2
    vertices_cam = made_people.vertices_cam(body, person["parameters"])
    in_photo = made_people.project(vertices_cam, 600, (150, 250))
    np.testing.assert_allclose(seen, in_photo * scale + [background_left, 0], atol=0.05)


def test_principal_point_off_centre(body: Body, tmp_path: Path) -> None:
    person = made_people.person(body, 6)
    answer = made_people.answer([person])
    answer["image"]["center_px"] = [300, 200]
    write_picture(tmp_path / "off.png", 640, 480)
    add(PhotoResult(tmp_path / "off.png", parse_estimate(answer), body))
    expected = made_people.project(
        made_people.vertices_cam(body, person["parameters"]), 768, (300, 200)
    )
    seen = seen_px(evaluated_vertices(meshes_of("off")[0]), bpy.context.scene.camera)
    np.testing.assert_allclose(seen, expected, atol=0.05)


def test_rest_pose_is_the_resting_body(body: Body, tmp_path: Path) -> None:
    person = made_people.person(body, 7)
    add(made_result(body, tmp_path / "one.png", [person]))
    mesh_object = meshes_of("one")[0]
    mesh_object.parent.data.pose_position = "REST"
    for key in mesh_object.data.shape_keys.key_blocks:
        key.value = 0
    bpy.context.view_layer.update()
    rest = body.rest(person["parameters"]["phenotypes"])
    local = evaluated_vertices(mesh_object) - np.array(mesh_object.parent.location)
    np.testing.assert_allclose(local, rest.standing().vertices, atol=TENTH_MM)
    assert local[:, 2].min() == pytest.approx(0, abs=TENTH_MM)


def test_shape_keys_are_the_facial_actions(body: Body, tmp_path: Path) -> None:
    add(made_result(body, tmp_path / "face.png", [made_people.person(body)]))
    keys = meshes_of("face")[0].data.shape_keys.key_blocks
    assert [key.name for key in keys] == ["Basis", *body.facial_action_names]
    assert len(keys) == ARKIT_ACTIONS + 1
    values = {key.name: key.value for key in keys if key.name != "Basis" and key.value != 0}
    assert values == {"jawOpen": pytest.approx(0.6), "mouthSmileLeft": pytest.approx(0.3)}


def test_mesh_is_what_an_artist_expects(body: Body, tmp_path: Path) -> None:
    add(made_result(body, tmp_path / "mesh.png", [made_people.person(body)]))
    mesh = meshes_of("mesh")[0].data
    assert not mesh.validate()
    assert all(polygon.loop_total == 4 for polygon in mesh.polygons)
    assert all(polygon.use_smooth for polygon in mesh.polygons)
    assert len(mesh.uv_layers) == 1
    assert [material.name for material in mesh.materials] == [
        "HUND Skin",
        "HUND Eyes",
        "HUND Mouth",
        "HUND Iris",
    ]
    assert {polygon.material_index for polygon in mesh.polygons} == {0, 1, 2, 3}
    groups = [group.name for group in meshes_of("mesh")[0].vertex_groups]
    assert groups == list(body.bone_names)


def test_plain_grey_is_in_every_slot(body: Body, tmp_path: Path) -> None:
    result = made_result(body, tmp_path / "mesh.png", [made_people.person(body)])
    add(result, options=SceneOptions(grey=True))
    mesh = meshes_of("mesh")[0].data
    assert [material.name for material in mesh.materials] == ["HUND Grey"] * 4
    assert {polygon.material_index for polygon in mesh.polygons} == {0, 1, 2, 3}


def test_photo_is_the_cameras_background(body: Body, tmp_path: Path) -> None:
    add(made_result(body, tmp_path / "back.png", [made_people.person(body)]))
    camera = bpy.context.scene.camera.data
    assert camera.show_background_images
    assert bpy.path.abspath(camera.background_images[0].image.filepath) == str(
        tmp_path / "back.png"
    )


def test_phenotypes_are_kept_on_the_armature(body: Body, tmp_path: Path) -> None:
    person = made_people.person(body)
    add(made_result(body, tmp_path / "p.png", [person]))
    kept = phenotypes_of(bpy.data.armatures["p Person 1"])
    assert kept == pytest.approx(person["parameters"]["phenotypes"])


@pytest.mark.parametrize(
    ("interval", "taken", "shift"),
    [
        ((-3, 3), [], 0),
        ((-3, 3), [(5, 6)], 0),
        ((-3, 3), [(-1, 1)], 5),
        ((-3, 3), [(3.5, 4)], 8),
        ((-3, 3), [(-1, 1), (2, 9), (20, 30)], 13),
        ((-3, 3), [(0, 1), (8.5, 10)], 14),
    ],
)
def test_first_free_place(
    interval: tuple[float, float], taken: list[tuple[float, float]], shift: float
) -> None:
    assert first_free(*interval, taken) == shift


def test_what_stands_in_the_way_is_avoided(body: Body, tmp_path: Path) -> None:
    """The cube of a new file would stand round the camera."""
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.mesh.primitive_plane_add(size=50)
    add(made_result(body, tmp_path / "a.png", [made_people.person(body)]))
    assert meshes_of("a")[0].parent.location.x > 4
    assert_seen_as_estimated(body, "a", [made_people.person(body)], 640, 480)
