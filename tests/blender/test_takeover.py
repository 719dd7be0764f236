# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo's pose or shape for a character that is there already."""

from pathlib import Path
from typing import Any

import bpy
import local_server
import made_people
import numpy as np
import pytest
from looking import evaluated_vertices
from made_photos import add, made_result, meshes_of
from pictures import write_picture
from state_of_file import state_of_file

from hund_blender.body import Body
from hund_blender.connection import ServerSettings
from hund_blender.errors import SceneError
from hund_blender.placing import PhotoResult
from hund_blender.rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO
from hund_blender.scene.body_data import NAME
from hund_blender.scene.people import SceneOptions
from hund_blender.scene.takeover import take_over_pose, take_over_shape

TENTH_MM = 1e-4
CHARACTER = "one Person 1"


@pytest.fixture
def skin(body: Body, tmp_path: Path) -> bpy.types.Object:
    add(made_result(body, tmp_path / "one.png", [made_people.person(body, 1)]))
    return meshes_of("one")[0]


def other(body: Body, tmp_path: Path, **parameters: Any) -> PhotoResult:
    """Somebody else, who differs from the character in everything but these parameters."""
    person = made_people.person(body, 2, 0.4)
    changed = person["parameters"] | {"facial_actions": {"browInnerUp": 0.5}} | parameters
    return made_result(body, tmp_path / "other.png", [person | {"parameters": changed}])


def centred(points: np.ndarray) -> np.ndarray:
    return points - points.mean(0)


@pytest.mark.parametrize("rig", [MAKEHUMAN, MIXAMO, GAME_ENGINE])
def test_pose_is_that_of_an_import_where_the_character_stands(
    body: Body, tmp_path: Path, rig: str
) -> None:
    own = made_people.person(body, 1)
    add(made_result(body, tmp_path / "one.png", [own]), options=SceneOptions(rig=rig))
    skin = meshes_of("one")[0]
    skin.parent.location = (3, 4, 1)
    result = other(body, tmp_path, phenotypes=own["parameters"]["phenotypes"])
    assert take_over_pose(bpy.context.scene, CHARACTER, [result]) == []
    points = evaluated_vertices(skin)
    add(result, options=SceneOptions(rig=rig))
    anew = evaluated_vertices(meshes_of("other")[0])
    np.testing.assert_allclose(centred(points), centred(anew), atol=TENTH_MM)
    toes_m = TENTH_MM if rig == MAKEHUMAN else 0.03  # others have one bone for ten random toes
    assert points[:, 2].min() == pytest.approx(1, abs=toes_m)
    assert np.linalg.norm(points[:, :2].mean(0) - [3, 4]) < 0.5
    values = {key.name: key.value for key in skin.data.shape_keys.key_blocks if key.value != 0}
    assert values.keys() - {"Basis"} == {"browInnerUp"}


def test_pose_keeps_the_shape_and_the_shape_keeps_the_pose(
    body: Body, tmp_path: Path, skin: bpy.types.Object
) -> None:
    armature, result = skin.parent, other(body, tmp_path)
    shape = {name: getattr(armature.data.hund, name) for name in body.phenotype_names}
    take_over_pose(bpy.context.scene, CHARACTER, [result])
    assert {name: getattr(armature.data.hund, name) for name in shape} == pytest.approx(shape)
    take_over_shape(bpy.context.scene, CHARACTER, [result])
    wanted = result.estimate.people[0].phenotypes
    assert {name: getattr(armature.data.hund, name) for name in shape} == pytest.approx(wanted)
    points = evaluated_vertices(skin)
    add(result)
    anew = evaluated_vertices(meshes_of("other")[0])
    np.testing.assert_allclose(centred(points), centred(anew), atol=TENTH_MM)


def test_rotation_modes_and_own_keys_stay(
    body: Body, tmp_path: Path, skin: bpy.types.Object
) -> None:
    head = skin.parent.pose.bones["head"]
    head.rotation_mode = "XYZ"
    own = skin.shape_key_add(name="horns")
    own.value = 0.7
    take_over_pose(bpy.context.scene, CHARACTER, [other(body, tmp_path)])
    assert head.rotation_mode == "XYZ"
    assert tuple(head.rotation_euler) != (0, 0, 0)
    assert own.value == pytest.approx(0.7)


def test_auto_keying_keys_the_pose(body: Body, tmp_path: Path, skin: bpy.types.Object) -> None:
    scene = bpy.context.scene
    scene.tool_settings.use_keyframe_insert_auto = True
    points = []
    for frame, seed in ((1, 2), (11, 3)):
        person = made_people.person(body, seed)
        scene.frame_set(frame)
        take_over_pose(scene, CHARACTER, [made_result(body, tmp_path / "key.png", [person])])
        points.append(evaluated_vertices(skin))
    for frame, expected in zip((1, 11), points, strict=True):
        scene.frame_set(frame)
        np.testing.assert_allclose(evaluated_vertices(skin), expected, atol=TENTH_MM)
    scene.frame_set(6)
    between = evaluated_vertices(skin)
    assert min(np.abs(between - expected).max() for expected in points) > 0.05


def test_what_cannot_be_reshaped_can_be_posed(
    body: Body, tmp_path: Path, skin: bpy.types.Object
) -> None:
    bpy.context.view_layer.objects.active = skin
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide()
    bpy.ops.object.mode_set(mode="OBJECT")
    before, result = evaluated_vertices(skin), other(body, tmp_path)
    take_over_pose(bpy.context.scene, CHARACTER, [result])
    assert np.abs(evaluated_vertices(skin) - before).max() > 0.1
    with pytest.raises(SceneError, match="new vertices"):
        take_over_shape(bpy.context.scene, CHARACTER, [result])


@pytest.mark.parametrize("take_over", [take_over_pose, take_over_shape])
def test_undo(body: Body, tmp_path: Path, skin: bpy.types.Object, take_over: Any) -> None:
    name, before = skin.name, evaluated_vertices(skin)
    take_over(bpy.context.scene, CHARACTER, [other(body, tmp_path)])
    changed = evaluated_vertices(skin)
    assert np.abs(changed - before).max() > 0.1
    bpy.ops.ed.undo()
    np.testing.assert_allclose(evaluated_vertices(bpy.data.objects[name]), before, atol=TENTH_MM)
    bpy.ops.ed.redo()
    np.testing.assert_allclose(evaluated_vertices(bpy.data.objects[name]), changed, atol=TENTH_MM)


def import_photo(body: Body, photo: Path, patch: pytest.MonkeyPatch, **settings: Any) -> set[str]:
    answer = made_people.answer([made_people.person(body, 2)])
    with local_server.running(lambda _: (200, answer)) as server:
        there = ServerSettings(remote_address=server.address, remote_token=local_server.TOKEN)
        patch.setattr("hund_blender.operators.server_settings", lambda _: there)
        files = [{"name": photo.name}]
        return bpy.ops.hund.import_photos(files=files, directory=str(photo.parent), **settings)


@pytest.mark.parametrize("make", ["POSE", "SHAPE"])
def test_operator_changes_the_active_character_and_adds_nothing(
    body: Body, tmp_path: Path, skin: bpy.types.Object, monkeypatch: pytest.MonkeyPatch, make: str
) -> None:
    write_picture(tmp_path / "second.png")
    bpy.context.view_layer.objects.active = skin
    before, points = state_of_file(), evaluated_vertices(skin)
    assert import_photo(body, tmp_path / "second.png", monkeypatch, make=make) == {"FINISHED"}
    assert state_of_file() | {"places": None} == before | {"places": None}
    assert np.abs(evaluated_vertices(skin) - points).max() > 0.1


def test_operator_wants_a_character(
    body: Body, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_picture(tmp_path / "second.png")
    with pytest.raises(RuntimeError, match="Select one"):
        import_photo(body, tmp_path / "second.png", monkeypatch, make="POSE")


@pytest.mark.parametrize("gone", ["character", "body data"])
def test_what_is_gone_meanwhile_is_told(
    body: Body, tmp_path: Path, skin: bpy.types.Object, gone: str
) -> None:
    if gone == "character":
        bpy.data.objects.remove(skin.parent)
    else:
        bpy.data.texts.remove(bpy.data.texts[NAME])
    with pytest.raises(SceneError, match=r"gone|deleted") as caught:
        take_over_pose(bpy.context.scene, CHARACTER, [other(body, tmp_path)])
    assert caught.value.remedy


def test_only_one_photo_is_taken(body: Body, tmp_path: Path, skin: bpy.types.Object) -> None:
    result = other(body, tmp_path)
    problems = take_over_pose(bpy.context.scene, CHARACTER, [result, result])
    assert [problem.subject for problem in problems] == ["other.png"]
    assert problems[0].remedy
