# SPDX-License-Identifier: GPL-3.0-or-later
"""People found, chosen, then created: nothing comes into the file that was not chosen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import local_server
import made_people
import numpy as np
import pytest
from local_server import LocalServer
from pictures import write_picture
from state_of_file import state_of_file

from hund_blender.body import Body
from hund_blender.connection import ServerSettings
from hund_blender.found import Pick
from hund_blender.importing import FOUND, SLOT
from hund_blender.scene.sightings import sighting_of


@pytest.fixture(autouse=True)
def server(body: Body, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """Three people in every photo, in pictures that tell them apart."""
    people = [
        made_people.pictured(
            made_people.person(body, seed, seed - 1.0), np.full((8, 8, 4), 100 * seed, np.uint8)
        )
        for seed in range(3)
    ]
    with local_server.running(lambda _: (200, made_people.answer(people))) as running:
        settings = ServerSettings(remote_address=running.address, remote_token=local_server.TOKEN)
        monkeypatch.setattr("hund_blender.operators.server_settings", lambda _: settings)
        yield running


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    for name in ("party", "second"):
        write_picture(tmp_path / f"{name}.png", 640, 480)
    return [tmp_path / "party.png", tmp_path / "second.png"]


def find(*photos: Path, **settings: Any) -> None:
    files = [{"name": photo.name} for photo in photos]
    folder = str(photos[0].parent)
    done = bpy.ops.hund.import_photos(files=files, directory=folder, choose=True, **settings)
    assert done == {"FINISHED"}


def drop(*picks: Pick) -> None:
    for pick in picks:
        assert bpy.ops.hund.toggle_person(photo=pick.photo, person=pick.person) == {"FINISHED"}


def test_finding_changes_nothing(photos: list[Path]) -> None:
    before = state_of_file()
    find(*photos)
    assert state_of_file() == before
    assert list(FOUND.people()) == [Pick(photo, person) for photo in (0, 1) for person in (0, 1, 2)]
    assert FOUND.chosen == set(FOUND.people())


def test_everybody_has_a_picture(photos: list[Path]) -> None:
    find(photos[0])
    for pick in FOUND.people():
        preview = FOUND._icons[str(pick)]
        assert tuple(preview.image_size) == (8, 8)
        shown = np.array(preview.image_pixels_float[:])
        np.testing.assert_allclose(shown, 100 * pick.person / 255, atol=0.001)


def test_only_the_chosen_are_created_as_one_step(photos: list[Path]) -> None:
    bpy.ops.ed.undo_push(message="Before")
    before = state_of_file()
    find(*photos)
    drop(Pick(0, 1), Pick(1, 0), Pick(1, 1), Pick(1, 2))
    assert bpy.ops.hund.create_people() == {"FINISHED"}
    made = list(bpy.data.armatures.keys())
    assert made == ["party Person 1", "party Person 3"]
    # Corrections ask the server for the person by the number that it knows.
    assert [sighting_of(bpy.data.objects[name]).number for name in made] == [0, 2]
    assert list(FOUND.people()) == []
    assert SLOT.problems == []
    bpy.ops.ed.undo()
    assert state_of_file() == before


def test_people_outlive_undo(photos: list[Path]) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="Cube")
    bpy.ops.mesh.primitive_cone_add()
    bpy.ops.ed.undo_push(message="Cone")
    find(photos[0])
    drop(Pick(0, 2))
    bpy.ops.ed.undo()
    assert len(FOUND.chosen) == 2
    assert bpy.ops.hund.create_people() == {"FINISHED"}
    assert {"Cube", "party Person 2"} <= set(bpy.data.objects.keys())
    assert "party Person 3" not in bpy.data.objects


def test_nobody_chosen_creates_nothing(photos: list[Path]) -> None:
    find(photos[0])
    drop(*list(FOUND.people()))
    assert not bpy.ops.hund.create_people.poll()
    drop(Pick(0, 1), Pick(7, 7))
    assert FOUND.chosen == {Pick(0, 1)}
    assert bpy.ops.hund.create_people.poll()


def test_discard(photos: list[Path]) -> None:
    before = state_of_file()
    find(photos[0])
    assert bpy.ops.hund.discard_people() == {"FINISHED"}
    assert not bpy.ops.hund.create_people.poll()
    assert not bpy.ops.hund.discard_people.poll()
    assert state_of_file() == before


def test_opening_another_file_discards(photos: list[Path]) -> None:
    find(photos[0])
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert FOUND.results == ()


def test_edit_mode_waits(photos: list[Path]) -> None:
    find(photos[0])
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.hund.create_people.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.ops.hund.create_people() == {"FINISHED"}


def test_scene_that_is_gone_is_told_and_the_people_wait(photos: list[Path]) -> None:
    find(photos[0])
    bpy.context.scene.name = "Renamed"
    with pytest.raises(RuntimeError, match="is gone"):
        bpy.ops.hund.create_people()
    bpy.context.scene.name = "Scene"
    assert bpy.ops.hund.create_people() == {"FINISHED"}


def test_pose_of_the_chosen_person(photos: list[Path], body: Body) -> None:
    find(photos[0])
    drop(Pick(0, 1), Pick(0, 2))
    bpy.ops.hund.create_people()
    find(photos[0], make="POSE_ASSETS")
    drop(Pick(0, 0), Pick(0, 1))
    assert bpy.ops.hund.create_people() == {"FINISHED"}
    assert list(bpy.data.actions.keys()) == ["party"]
    find(photos[0], make="POSE")
    drop(Pick(0, 0), Pick(0, 1))
    character = bpy.context.view_layer.objects.active
    assert bpy.ops.hund.create_people() == {"FINISHED"}
    posed = np.array(character.pose.bones["lowerarm01.L"].matrix_basis)
    find(photos[0])
    drop(Pick(0, 0), Pick(0, 1))
    bpy.ops.hund.create_people()
    anew = np.array(bpy.context.view_layer.objects.active.pose.bones["lowerarm01.L"].matrix_basis)
    assert np.abs(posed - anew)[:3, :3].max() < 0.1  # another shape, the same pose


def test_picture_that_blender_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "odd.heic").write_bytes(b"no format that Blender knows")
    find(tmp_path / "odd.heic")
    assert bpy.ops.hund.create_people() == {"CANCELLED"}
    assert [problem.subject for problem in SLOT.problems] == ["odd.heic"]
