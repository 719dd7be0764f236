# SPDX-License-Identifier: GPL-3.0-or-later
"""The import operator as an artist meets it: what goes well, what goes wrong, and undo."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bpy
import local_server
import made_people
import pytest
from local_server import LocalServer, Reply, error
from pictures import write_picture
from state_of_file import state_of_file

from hund_blender.body import Body
from hund_blender.connection import ServerSettings
from hund_blender.importing import SLOT, ImportOptions, new_job
from hund_blender.job import Job

NOT_AN_IMAGE = error(415, "not_an_image", "This file is no image.", "Choose a JPEG or PNG file.")


def import_job(
    server: LocalServer | None, paths: Sequence[Path], token: str = local_server.TOKEN
) -> Job:
    address = server.address if server else "127.0.0.1:9"
    settings = ServerSettings(remote_address=address, remote_token=token)
    return new_job(bpy.context.scene, paths, ImportOptions(), settings)


def answering(body: Body) -> Callable[[bytes], Reply]:
    """Text is no image, a white picture shows nobody, all others show one person."""

    def estimate(photo: bytes) -> Reply:
        if photo.startswith(b"text"):
            return NOT_AN_IMAGE
        people = [] if b"nobody" in photo else [made_people.person(body)]
        return 200, made_people.answer(people)

    return estimate


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_picture(tmp_path / "party.png", 640, 480)
    return tmp_path / "party.png"


@pytest.fixture
def furnished() -> dict[str, Any]:
    """A file with things of the artist's own in it, as undo knows it."""
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.camera_add()
    bpy.context.scene.camera = bpy.context.object
    bpy.ops.ed.undo_push(message="Furnish")
    return state_of_file()


@pytest.mark.parametrize("context", ["EXEC_DEFAULT", "INVOKE_DEFAULT"])  # a script; a drop
def test_operator_builds_people(
    body: Body, photo: Path, monkeypatch: pytest.MonkeyPatch, context: str
) -> None:
    with local_server.running(answering(body)) as server:
        settings = ServerSettings(remote_address=server.address, remote_token=local_server.TOKEN)
        monkeypatch.setattr("hund_blender.operators.server_settings", lambda _: settings)
        result = bpy.ops.hund.import_photos(
            context,
            files=[{"name": photo.name}],
            directory=str(photo.parent),
            max_people=3,
            focal_35mm=50,
        )
    assert result == {"FINISHED"}
    assert "party Person 1" in bpy.data.objects
    assert SLOT.problems == []
    assert "/estimate?max_people=3&focal_35mm=50.0" in server.targets


def test_undo_takes_everything_back_and_redo_brings_it(
    body: Body, photo: Path, tmp_path: Path, furnished: dict[str, Any]
) -> None:
    write_picture(tmp_path / "second.png", 640, 480)
    with local_server.running(answering(body)) as server:
        import_job(server, [photo, tmp_path / "second.png"]).run()
    imported = state_of_file()
    assert imported != furnished
    assert len(imported["armatures"]) == 2
    bpy.ops.ed.undo()
    assert state_of_file() == furnished
    bpy.ops.ed.redo()
    assert state_of_file() == imported


def test_pose_mode_is_left_and_entered_again(body: Body, photo: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "second.png", 640, 480)
    with local_server.running(answering(body)) as server:
        import_job(server, [photo]).run()
        bpy.ops.object.mode_set(mode="POSE")
        import_job(server, [tmp_path / "second.png"]).run()
    assert bpy.context.mode == "POSE"
    assert bpy.context.view_layer.objects.active.name == "party Person 1"
    assert "second Person 1" in bpy.data.objects


def test_people_wait_until_edit_mode_is_left(body: Body, photo: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    with local_server.running(answering(body)) as server:
        job = import_job(server, [photo])
        job.start()
        step_until(job, lambda: job.progress.text.startswith("Ready"))
        assert not job.is_finished
        assert bpy.context.mode == "EDIT_MESH"
        bpy.ops.object.mode_set(mode="OBJECT")
        assert job.step()
    assert "party Person 1" in bpy.data.objects


def step_until(job: Job, done: Callable[[], bool], limit_s: float = 10.0) -> None:
    deadline = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < deadline
        job.step()
        time.sleep(0.01)


def test_other_photos_stay_when_one_is_bad(body: Body, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("text")
    (tmp_path / "empty.jpg").write_text("nobody")
    paths = [tmp_path / "text.jpg", photo, tmp_path / "empty.jpg", tmp_path / "missing.jpg"]
    with local_server.running(answering(body)) as server:
        job = import_job(server, paths)
        job.run()
    assert [problem.subject for problem in job.problems] == ["text.jpg", "empty.jpg", "missing.jpg"]
    assert [problem.message.split(" ")[0] for problem in job.problems] == ["This", "No", "The"]
    assert all(problem.remedy for problem in job.problems)
    assert list(bpy.data.armatures.keys()) == ["party Person 1"]


def test_photo_that_only_the_server_can_read(body: Body, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "odd.heic").write_bytes(b"no format that Blender knows")
    with local_server.running(answering(body)) as server:
        job = import_job(server, [tmp_path / "odd.heic", photo])
        job.run()
    assert [problem.subject for problem in job.problems] == ["odd.heic"]
    assert "JPEG" in job.problems[0].remedy
    assert list(bpy.data.images.keys()) == ["party.png"]
    assert [c.name for c in bpy.data.collections] == ["party"]


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (error(503, "busy", "Too many requests.", "Wait a moment."), "Wait"),
        (NOT_AN_IMAGE, "JPEG"),
        ((200, {"what": "else"}), "same release"),
        ((500, {}), "release"),
    ],
)
def test_refusals_leave_the_file_as_it_was(
    reply: Reply, word: str, photo: Path, furnished: dict[str, Any]
) -> None:
    with local_server.running(lambda _: reply) as server:
        job = import_job(server, [photo])
        job.run()
    assert len(job.problems) == 1
    assert word in job.problems[0].remedy
    assert not job.placed
    assert state_of_file() == furnished


def test_wrong_token(body: Body, photo: Path, furnished: dict[str, Any]) -> None:
    with local_server.running(answering(body)) as server:
        job = import_job(server, [photo, photo], token="wrong")
        job.run()
    assert [problem.subject for problem in job.problems] == [""]
    assert "token" in job.problems[0].remedy
    assert state_of_file() == furnished


def test_no_server_there(photo: Path, furnished: dict[str, Any]) -> None:
    job = import_job(None, [photo])
    job.run()
    assert len(job.problems) == 1
    assert "address" in job.problems[0].remedy
    assert state_of_file() == furnished


def test_no_server_set_up(photo: Path, furnished: dict[str, Any]) -> None:
    job = new_job(bpy.context.scene, [photo], ImportOptions(), ServerSettings())
    job.run()
    assert "preferences" in job.problems[0].remedy
    assert state_of_file() == furnished


def test_remote_server_needs_online_access(photo: Path) -> None:
    settings = ServerSettings(remote_address="192.0.2.1:80", remote_token="t")
    job = new_job(bpy.context.scene, [photo], ImportOptions(), settings)
    job.run()
    assert "Allow Online Access" in job.problems[0].remedy


def test_cancel_is_heard_within_a_second(photo: Path, furnished: dict[str, Any]) -> None:
    def slow(_: bytes) -> Reply:
        time.sleep(5)
        return NOT_AN_IMAGE

    with local_server.running(slow) as server:
        job = import_job(server, [photo])
        job.start()
        step_until(job, lambda: "party" in job.progress.text)
        start = time.monotonic()
        job.cancel()
        assert job.step()
        job._thread.join(1)
        assert not job._thread.is_alive()
    assert time.monotonic() - start < 1
    assert "cancelled" in job.problems[0].message
    assert job.problems[0].remedy
    assert state_of_file() == furnished


def test_opening_another_file_cancels(photo: Path) -> None:
    with local_server.running(lambda _: NOT_AN_IMAGE) as server:
        job = import_job(server, [photo])
        SLOT.run_in_background(job, lambda _: None)
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        assert job.step()
    assert "cancelled" in job.problems[0].message


def test_failure_while_building_leaves_nothing_behind(
    body: Body, photo: Path, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("hund_blender.scene.people.set_facial_actions", broken)
    with local_server.running(answering(body)) as server:
        job = import_job(server, [photo])
        job.run()
    assert "broken on purpose" in job.problems[0].message
    assert state_of_file() == furnished
