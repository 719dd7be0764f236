# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions that scripts call, and the scale and defaults they share with the operators."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import local_server
import made_people
import numpy as np
import pytest
from local_server import LocalServer
from looking import evaluated_vertices, seen_px
from pictures import write_picture
from state_of_file import state_of_file

from hund_blender import api
from hund_blender.body import Body
from hund_blender.connection import ServerSettings


@pytest.fixture
def server(body: Body, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """Photos of two people."""
    people = [made_people.person(body, 1), made_people.person(body, 2, 1.0)]
    with local_server.running(lambda _: (200, made_people.answer(people))) as running:
        settings = ServerSettings(remote_address=running.address, remote_token=local_server.TOKEN)
        monkeypatch.setattr("hund_blender.api.server_settings", lambda _: settings)
        yield running


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_picture(tmp_path / "party.png", 640, 480)
    return tmp_path / "party.png"


def scaled(scale: float) -> api.ImportOptions:
    options = api.default_options()
    return replace(options, scene=replace(options.scene, scale=scale))


@pytest.mark.usefixtures("server")
def test_names_of_what_was_made(photo: Path) -> None:
    heard: list[Any] = []
    imported = api.import_photos([photo, str(photo.with_name("gone.png"))], answered=heard.append)
    assert imported.characters == ("party Person 1", "party Person 2")
    assert imported.pose_assets == ()
    assert [problem.subject for problem in imported.problems] == ["gone.png"]
    assert [type(answer) for answer in heard] == [api.PhotoResult, api.Problem]
    again = api.import_photos([photo.parent], api.default_options(api.POSE_ASSETS))
    assert again.characters == ()
    assert again.pose_assets == ("party Person 1", "party Person 2")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("kind", [str, Path])
def test_one_photo_may_be_named_alone(photo: Path, kind: Any) -> None:
    assert api.import_photos(kind(photo)).characters == ("party Person 1", "party Person 2")


def test_without_a_server_it_raises(photo: Path) -> None:
    before = state_of_file()
    with pytest.raises(api.ServerError, match="Install Model Server"):
        api.import_photos([photo])
    assert state_of_file() == before


@pytest.mark.usefixtures("server")
def test_failing_to_build_is_told(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise api.SceneError("Broken on purpose.", "Mend it.")

    monkeypatch.setattr("hund_blender.importing.add_photos", broken)
    with pytest.raises(api.SceneError, match="Mend it"):
        api.import_photos([photo])


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_scale_changes_nothing_that_the_camera_sees(photo: Path, body: Body, scale: float) -> None:
    api.import_photos([photo], scaled(scale))
    camera = bpy.context.scene.camera
    for number, seed in ((1, 1), (2, 2)):
        person = made_people.person(body, seed, (number - 1) * 1.0)
        skin = bpy.data.objects[f"party Person {number} Body"]
        points = evaluated_vertices(skin)
        assert points[:, 2].min() > -0.001 * scale
        expected = made_people.vertices_cam(body, person["parameters"])
        assert np.ptp(points[:, 2]) == pytest.approx(scale * np.ptp(expected[:, 1]), rel=1e-3)
        expected_px = made_people.project(expected, 768.0, (320, 240))
        np.testing.assert_allclose(seen_px(points, camera), expected_px, atol=0.5)
    assert camera.data.clip_end == pytest.approx(scale * bpy.data.cameras.new("new").clip_end)


@pytest.mark.usefixtures("server")
def test_large_people_of_two_photos_keep_apart(photo: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "second.png", 640, 480)
    api.import_photos([photo, tmp_path / "second.png"], scaled(10))
    first, second = (bpy.data.collections[name]["hund_edges_m"] for name in ("party", "second"))
    assert second[0] == pytest.approx(first[1] + 1)


@pytest.mark.usefixtures("server")
def test_large_people_keep_their_soles_when_reshaped(photo: Path) -> None:
    api.import_photos([photo], scaled(10))
    skin = bpy.data.objects["party Person 1 Body"]
    before = evaluated_vertices(skin)[:, 2]
    skin.parent.data.hund.age = 0.2
    after = evaluated_vertices(skin)[:, 2]
    assert after.min() == pytest.approx(before.min(), abs=0.01)
    assert np.ptp(after) < 0.9 * np.ptp(before)


@pytest.mark.usefixtures("server")
def test_imports_begin_with_the_preferences(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"rig": "MIXAMO", "scale": 2.0, "max_people": 5, "grey": True}
    monkeypatch.setattr("hund_blender.api.import_defaults", lambda _: dict(chosen))
    options = api.default_options()
    assert options.question.max_people == 5
    assert options.scene == api.SceneOptions(rig="MIXAMO", scale=2.0, grey=True)
    monkeypatch.setattr("hund_blender.operators.import_defaults", lambda _: chosen)
    monkeypatch.setattr("hund_blender.operators.server_settings", api.server_settings)
    files = {"files": [{"name": photo.name}], "directory": str(photo.parent)}
    assert bpy.ops.hund.import_photos("INVOKE_DEFAULT", **files, scale=3.0) == {"FINISHED"}
    armature = bpy.data.objects["party Person 1"]
    assert "mixamorig:Hips" in armature.data.bones
    assert tuple(armature.scale) == (3, 3, 3)


def test_everything_promised_is_there() -> None:
    tree = ast.parse(Path(api.__file__).read_text(encoding="utf-8"))
    assert all(hasattr(api, name) for name in api.__all__)
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name for name in functions if name[0] != "_"} <= set(api.__all__)
