# SPDX-License-Identifier: GPL-3.0-or-later
"""The import operator as an artist meets it: what goes well, what goes wrong, and undo."""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
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
from hund_blender.client import Question
from hund_blender.connection import ServerSettings
from hund_blender.errors import SceneError
from hund_blender.importing import SLOT, ImportOptions, new_job
from hund_blender.job import Job
from hund_blender.threads import sleep

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
        step_until(job, lambda: job.is_finished)
    assert "party Person 1" in bpy.data.objects


def test_scripts_do_not_wait_for_a_mode_that_nobody_leaves(body: Body, photo: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    with local_server.running(answering(body)) as server:
        job = import_job(server, [photo])
        job.run()
    assert isinstance(job.failure, SceneError)
    assert not job.placed


@pytest.fixture
def half_built(body: Body, photo: Path, tmp_path: Path, furnished: dict[str, Any]) -> Iterator[Job]:
    """One of two photos is built; nothing of that is known to undo."""
    write_picture(tmp_path / "second.png", 640, 480)
    with local_server.running(answering(body)) as server:
        job = import_job(server, [photo, tmp_path / "second.png"])
        SLOT.run_in_background(job, lambda _: None)
        step_until(job, lambda: job.progress.text == "Building second Person 1")
    assert list(bpy.data.armatures.keys()) == ["party Person 1"]
    yield job
    SLOT.forget()


def test_undo_while_building_begins_again(half_built: Job, furnished: dict[str, Any]) -> None:
    bpy.ops.mesh.primitive_cone_add()
    bpy.ops.ed.undo_push(message="Cone")  # by now undo knows half of the people
    bpy.ops.mesh.primitive_cone_add()
    bpy.ops.ed.undo_push(message="Another")
    bpy.ops.ed.undo()
    step_until(half_built, lambda: half_built.is_finished)
    assert half_built.problems == []
    assert list(bpy.data.armatures.keys()) == ["party Person 1", "second Person 1"]
    assert [thing.name for thing in bpy.data.objects if "Con" in thing.name] == ["Cone"]
    assert {c.name for c in bpy.data.collections} == {"party", "second"}


def test_undo_to_before_building_begins_again(half_built: Job, furnished: dict[str, Any]) -> None:
    bpy.ops.mesh.primitive_cone_add()
    bpy.ops.ed.undo_push(message="Cone")
    bpy.ops.ed.undo()
    step_until(half_built, lambda: half_built.is_finished)
    assert list(bpy.data.armatures.keys()) == ["party Person 1", "second Person 1"]
    bpy.ops.ed.undo()
    assert state_of_file() == furnished


def test_cancelling_while_building_takes_all_back(
    half_built: Job, furnished: dict[str, Any]
) -> None:
    half_built.cancel()
    assert half_built.step()
    assert state_of_file() == furnished
    assert not half_built.placed
    assert "cancelled" in half_built.problems[0].message


def test_the_artist_may_delete_what_is_being_built(half_built: Job) -> None:
    bpy.data.objects.remove(bpy.data.objects["party Person 1"])
    bpy.data.collections.remove(bpy.data.collections["second"])
    step_until(half_built, lambda: half_built.is_finished)
    assert [problem.subject for problem in half_built.problems] == ["second.png"]
    assert half_built.placed
    assert list(bpy.data.cameras.keys()) == ["Camera", "party Camera"]


def test_opening_a_file_while_building(half_built: Job) -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert half_built.step()
    assert len(bpy.data.objects) == 0


def test_the_scene_may_go_while_people_are_built(half_built: Job) -> None:
    bpy.data.scenes.new("Other")
    bpy.context.window.scene = bpy.data.scenes["Other"]
    bpy.data.scenes.remove(bpy.data.scenes["Scene"])
    step_until(half_built, lambda: half_built.is_finished)
    assert "is gone" in half_built.problems[-1].message
    assert len(bpy.data.armatures) == 0


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


def test_people_of_keypoint_files(body: Body, photo: Path, tmp_path: Path) -> None:
    keypoints = {"people": [{"pose_keypoints_2d": [1.5] * 75}]}
    (tmp_path / "party_keypoints.json").write_text(json.dumps(keypoints))
    write_picture(tmp_path / "alone.png", 64, 48)
    write_picture(tmp_path / "torn.png", 64, 48)
    (tmp_path / "torn.json").write_text('{"people": [')
    sent: list[dict[str, Any]] = []

    def estimate(content: bytes) -> Reply:
        sent.append(json.loads(content))
        return 200, made_people.answer([made_people.person(body)])

    paths = [tmp_path / "alone.png", photo, tmp_path / "torn.png"]
    options = ImportOptions(question=Question(keypoints=True))
    with local_server.running(estimate) as server:
        settings = ServerSettings(remote_address=server.address, remote_token=local_server.TOKEN)
        job = new_job(bpy.context.scene, paths, options, settings)
        job.run()
    (asked,) = sent
    assert b64decode(asked["image"]) == photo.read_bytes()
    assert (asked["keypoints"], asked["name"]) == (keypoints, "party.png")
    alone, torn = job.problems
    assert (alone.subject, torn.subject) == ("alone.png", "torn.png")
    assert "alone.json or alone_keypoints.json or keypoints.json" in alone.remedy
    assert "torn.json is no JSON" in torn.message
    assert "“Keypoint Files”" in torn.remedy
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
        sleep(5)
        return NOT_AN_IMAGE

    with local_server.running(slow) as server:
        job = import_job(server, [photo])
        SLOT.run_in_background(job, lambda _: None)
        step_until(job, lambda: "party" in job.progress.text)
        assert not bpy.ops.hund.import_photos.poll()  # one at a time
        start = time.monotonic()
        assert bpy.ops.hund.cancel() == {"FINISHED"}
        assert job.step()
        job._thread.join(1)
        assert not job._thread.is_alive()
    assert time.monotonic() - start < 1
    SLOT.forget()
    assert not bpy.ops.hund.cancel.poll()
    assert "cancelled" in job.problems[0].message
    assert job.problems[0].remedy
    assert state_of_file() == furnished


def test_messages_go_when_they_were_read(photo: Path) -> None:
    SLOT.run_now(import_job(None, [photo]))
    assert len(SLOT.problems) == 1
    assert bpy.ops.hund.clear_problems() == {"FINISHED"}
    assert SLOT.problems == []


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
