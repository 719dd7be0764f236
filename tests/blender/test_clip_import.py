# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips as an artist meets them: what goes well, what goes wrong, and undo."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import clip_server
import made_clips
import numpy as np
import pytest
from clip_server import ClipServer
from looking import evaluated_vertices, seen_px
from made_characters import RAW, clip_options
from state_of_file import state_of_file

from hund_blender.body import Body
from hund_blender.clip.client import ClipRequest
from hund_blender.clip.data import Clip, read_clip
from hund_blender.clip.job import ClipJob, Order
from hund_blender.clip.sources import Source, numbered
from hund_blender.clip_importing import CLIPS, abandon_clip, new_clip_job
from hund_blender.connection import ServerSettings
from hund_blender.scene.clip_people import ClipOptions
from hund_blender.scene.clip_store import find, part_of
from hund_blender.threads import sleep, wait

UP = [0.0, 0.0, made_clips.CAMERA_M]


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    (tmp_path / "walk.mp4").write_bytes(b"a movie" * 1000)
    return tmp_path / "walk.mp4"


@pytest.fixture
def clip(body: Body) -> Clip:
    return made_clips.clip(body, people=1, frames=40)


def clip_job(
    server: ClipServer,
    source: Path | Source,
    options: ClipOptions | None = None,
    request: ClipRequest | None = None,
) -> ClipJob:
    chosen = source if isinstance(source, Source) else Source(movie=source)
    settings = ServerSettings(remote_address=server.address, remote_token=clip_server.TOKEN)
    bpy.context.scene.render.fps = 30
    order = Order(chosen, request or ClipRequest())
    return new_clip_job(bpy.context.scene, order, options or clip_options(), settings)


def step_until(job: ClipJob, done: Callable[[], bool], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < deadline
        job.step()
        time.sleep(0.005)


def at_frame(frame: int) -> Callable[[int], None]:
    """Makes the server wait before a frame until the event is set, see `go_on`."""
    reached, go_on = threading.Event(), threading.Event()

    def happening(number: int) -> None:
        if number == frame:
            reached.set()
            wait(go_on, 20)

    happening.reached, happening.go_on = reached, go_on  # type: ignore[attr-defined]
    return happening


def shown(name: str, frame: int) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    return evaluated_vertices(bpy.data.objects[name])


def keyed_frames(name: str = "walk Person 1") -> list[int]:
    action = bpy.data.objects[name].animation_data.action
    return list(range(int(action.frame_range[0]), int(action.frame_range[1]) + 1))


def test_person_walks_as_in_the_clip(body: Body, clip: Clip, movie: Path) -> None:
    with clip_server.watching(clip) as server:
        job = clip_job(server, movie)
        job.run()
    assert job.problems == []
    assert server.watched[0].video == movie.read_bytes()
    for frame in (1, 17, 40):
        wanted = made_clips.vertices(body, clip.tracks[0], frame - 1) + UP
        assert np.abs(shown("walk Person 1 Body", frame) - wanted).max() < 1e-3
    assert server.targets[-1] == "DELETE /clips/0"  # the server need not keep it


def test_camera_sees_everybody_where_the_clip_does(body: Body, movie: Path) -> None:
    with clip_server.watching(made_clips.clip(body, people=2, frames=10)) as server:
        clip_job(server, movie).run()
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == (640, 480)
    clip = server.clip
    for track in clip.tracks:
        points = shown(f"walk Person {track.number + 1} Body", 10)[::500]
        cam = made_clips.vertices_cam(body, track, 9)[::500]
        wanted = cam[:, :2] / cam[:, 2:] * clip.focal_px + clip.center_px
        assert np.abs(seen_px(points, scene.camera) - wanted).max() < 0.5


def test_people_move_while_frames_arrive(body: Body, clip: Clip, movie: Path) -> None:
    pause = at_frame(20)
    with clip_server.watching(clip, pause) as server:
        job = clip_job(server, movie)
        job.start()
        step_until(job, pause.reached.is_set)
        step_until(job, lambda: "walk Person 1 Body" in bpy.data.objects)
        step_until(job, lambda: job.progress.text.startswith("Frame 19 of 40, "))
        job.step()
        wanted = made_clips.vertices(body, clip.tracks[0], 18)
        seen = evaluated_vertices(bpy.data.objects["walk Person 1 Body"])
        assert np.abs((seen - seen[0]) - (wanted - wanted[0])).max() < 1e-3
        pause.go_on.set()
        step_until(job, lambda: job.is_finished)
    assert list(bpy.data.armatures.keys()) == ["walk Person 1"]
    assert keyed_frames() == list(range(1, 41))


def test_undo_takes_everything_back_and_redo_brings_it(clip: Clip, movie: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="Furnish")
    before = state_of_file()
    with clip_server.watching(clip) as server:
        clip_job(server, movie).run()
    after = state_of_file()
    assert after != before
    bpy.ops.ed.undo()
    assert state_of_file() == before
    bpy.ops.ed.redo()
    assert state_of_file() == after
    assert keyed_frames() == list(range(1, 41))


def test_cancel_within_a_second_keeps_what_is_done(clip: Clip, movie: Path) -> None:
    pause = at_frame(21)
    with clip_server.watching(clip, pause) as server:
        job = clip_job(server, movie)
        job.start()
        step_until(job, pause.reached.is_set)
        began = time.monotonic()
        job.cancel()
        step_until(job, lambda: server.watched[0].cancelled)
        pause.go_on.set()
        step_until(job, lambda: job.progress.text == "Cleaning up")
        assert time.monotonic() - began < 1.0
        step_until(job, lambda: job.is_finished)
    assert job.placed
    assert job.problems == []
    assert keyed_frames() == list(range(1, 22))
    kept = read_clip(find(part_of(bpy.data.objects["walk Person 1"]).file))
    assert kept.request["finished"] is False


def test_cancel_with_a_server_that_does_not_listen(clip: Clip, movie: Path) -> None:
    pause = at_frame(11)
    with clip_server.watching(clip, pause) as server:
        job = clip_job(server, movie)
        job.start()
        step_until(job, pause.reached.is_set)
        step_until(job, lambda: job.progress.text.startswith("Frame 10"))
        job.cancel()
        step_until(job, lambda: job.is_finished, 4.0)
        pause.go_on.set()
    assert keyed_frames() == list(range(1, 11))


def test_cancel_before_anything_was_found_adds_nothing(clip: Clip, movie: Path) -> None:
    pause = at_frame(1)
    with clip_server.watching(clip, pause) as server:
        job = clip_job(server, movie)
        job.start()
        step_until(job, pause.reached.is_set)
        job.cancel()
        pause.go_on.set()
        step_until(job, lambda: job.is_finished)
    # The frame at work may still have come.
    assert job.placed == bool(bpy.data.armatures)
    assert len(bpy.data.armatures) <= 1


@pytest.mark.parametrize("after", [2, 10, 41])
def test_lost_connections_lose_nothing(clip: Clip, movie: Path, after: int) -> None:
    with clip_server.watching(clip) as server:
        server.drops_after = {after, after + 1}
        job = clip_job(server, movie)
        job.run()
    assert job.problems == []
    assert keyed_frames() == list(range(1, 41))


def test_server_killed_in_the_middle_and_resumed(body: Body, clip: Clip, movie: Path) -> None:
    def kill(number: int) -> None:
        if number == 25:
            while dying.sent < 25:  # that it was opened, and 24 frames
                time.sleep(0.01)
            dying.die()

    with clip_server.watching(clip, kill) as dying:
        job = clip_job(dying, movie)
        job.run()
    assert [problem.message.split()[-1] for problem in job.problems] == ["clip."]
    assert "Resume" in job.problems[0].remedy
    assert keyed_frames() == list(range(1, 25))
    character = bpy.data.objects["walk Person 1"]
    bpy.context.view_layer.objects.active = character
    with clip_server.watching(clip) as server:
        settings = ServerSettings(remote_address=server.address, remote_token=clip_server.TOKEN)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "hund_blender.clip_character_operators.server_settings", lambda _: settings
            )
            assert bpy.ops.hund.resume_clip() == {"FINISHED"}
    assert server.watched[0].request["first"] == 14
    assert list(bpy.data.armatures.keys()) == ["walk Person 1"]
    assert keyed_frames() == list(range(1, 41))
    for frame in (5, 24, 25, 40):
        wanted = made_clips.vertices(body, clip.tracks[0], frame - 1) + UP
        assert np.abs(shown("walk Person 1 Body", frame) - wanted).max() < 2e-3
    assert read_clip(find(part_of(character).file)).request["finished"] is True
    assert part_of(character).finished
    assert not bpy.ops.hund.resume_clip.poll()


def test_broken_frames_are_told_and_filled(clip: Clip, movie: Path) -> None:
    with clip_server.watching(clip) as server:
        server.broken_frames = {12, 13}
        job = clip_job(server, movie)
        job.run()
    assert [problem.subject for problem in job.problems] == ["Frame 12", "Frame 13"]
    assert keyed_frames() == list(range(1, 41))
    curve = curves("walk Person 1")[0]
    kinds = {int(key.co[0]): key.type for key in curve.keyframe_points}
    assert {frame for frame, kind in kinds.items() if kind == "BREAKDOWN"} == {12, 13}


def curves(name: str) -> list[Any]:
    from hund_blender.compat import channels_of

    action = bpy.data.objects[name].animation_data.action
    return list(channels_of(action, "OBJECT").fcurves)


def test_nobody_in_the_clip(body: Body, clip: Clip, movie: Path) -> None:
    from dataclasses import replace

    empty = replace(clip, tracks=())
    with clip_server.watching(empty) as server:
        job = clip_job(server, movie)
        job.run()
    assert [problem.message for problem in job.problems] == ["No people were found in the clip."]
    assert not job.placed


def test_images_are_sent_one_by_one_in_natural_order(clip: Clip, tmp_path: Path) -> None:
    for number in range(1, 41):
        (tmp_path / f"shot_{number}.jpg").write_bytes(f"image {number}".encode())
    with clip_server.watching(clip) as server:
        server.refuses_images = 3
        source = Source(images=numbered(tmp_path.iterdir()))
        job = clip_job(server, source, request=ClipRequest(first=11, last=30, step=3))
        job.run()
    assert job.problems == []
    watched = server.watched[0]
    assert watched.request["frames"] == [11, 14, 17, 20, 23, 26, 29]
    assert watched.images == {n: f"image {n}".encode() for n in watched.request["frames"]}
    assert keyed_frames("shot_1 Person 1") == list(range(1, 8))


def test_an_image_that_is_gone_stops_nothing(clip: Clip, tmp_path: Path) -> None:
    for number in range(1, 41):
        (tmp_path / f"shot_{number}.jpg").write_bytes(b"image")
    source = Source(images=numbered(tmp_path.iterdir()))
    (tmp_path / "shot_7.jpg").unlink()
    with clip_server.watching(clip) as server:
        job = clip_job(server, source)
        job.run()
    assert [problem.subject for problem in job.problems] == ["Frame 7"]
    assert job.placed


def test_movie_that_is_gone(clip: Clip, tmp_path: Path) -> None:
    with clip_server.watching(clip) as server:
        job = clip_job(server, tmp_path / "gone.mp4")
        job.run()
    assert [problem.message[:15] for problem in job.problems] == ["gone.mp4 cannot"]
    assert not job.placed


def test_no_server_answers(clip: Clip, movie: Path) -> None:
    settings = ServerSettings(remote_address="127.0.0.1:9", remote_token="x")
    order = Order(Source(movie=movie), ClipRequest())
    job = new_clip_job(bpy.context.scene, order, clip_options(), settings)
    job.run()
    assert "No server answers" in job.problems[0].message


def test_other_file_opened_in_the_middle(
    body: Body, clip: Clip, movie: Path, tmp_path: Path
) -> None:
    pause = at_frame(15)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    with clip_server.watching(clip, pause) as server:
        job = clip_job(server, movie)
        CLIPS.job = job
        try:
            job.start()
            step_until(job, pause.reached.is_set)
            step_until(job, lambda: job.progress.text.startswith("Frame 14"))
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            pause.go_on.set()
            step_until(job, lambda: job.is_finished)
        finally:
            CLIPS.job = None
    assert list(bpy.data.armatures) == []
    kept = next((tmp_path / "hund_clips").glob("walk-*.npz"))
    assert kept.name in job.problems[-1].message
    assert len(read_clip(kept).tracks[0].frames) == 14
    abandon_clip()  # without a job it does nothing


def test_undo_in_the_middle_of_frames(clip: Clip, movie: Path) -> None:
    """The stand-in is gone then; another one comes."""
    bpy.context.scene.render.fps = 30
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="Cube")
    pause = at_frame(20)
    with clip_server.watching(clip, pause) as server:
        job = clip_job(server, movie)
        job.start()
        step_until(job, lambda: "walk Person 1" in bpy.data.objects)
        step_until(job, pause.reached.is_set)
        bpy.ops.mesh.primitive_cube_add()
        bpy.ops.ed.undo_push(message="Second Cube")
        bpy.ops.ed.undo()
        assert "walk Person 1" not in bpy.data.objects
        pause.go_on.set()
        step_until(job, lambda: job.is_finished)
    assert job.problems == []
    assert keyed_frames() == list(range(1, 41))


def test_person_who_leaves_and_returns(body: Body, movie: Path) -> None:
    from dataclasses import replace

    whole = made_clips.clip(body, people=2, frames=60)
    away = whole.tracks[0]
    keep = (away.frames <= 15) | (away.frames >= 46)
    gone = clip_server.part_of_track(away, away.frames[keep].tolist())
    with clip_server.watching(replace(whole, tracks=(gone, whole.tracks[1]))) as server:
        job = clip_job(server, movie)
        job.run()
    assert job.problems == []
    assert len(bpy.data.armatures) == 2
    assert np.abs(shown("walk Person 1 Body", 30) - shown("walk Person 1 Body", 15)).max() < 1e-6
    wanted = made_clips.vertices(body, away, 45) + UP
    assert np.abs(shown("walk Person 1 Body", 46) - wanted).max() < 1e-3


def test_the_main_thread_is_never_held_up_for_long(clip: Clip, movie: Path) -> None:
    """But for building a body, which takes one step for each person."""
    steps = []
    with clip_server.watching(clip, lambda _: sleep(0.01)) as server:
        job = clip_job(server, movie)
        job.start()
        while not job.is_finished:
            began, people = time.perf_counter(), len(bpy.data.armatures)
            job.step()
            if len(bpy.data.armatures) == people and not job.is_finished:
                steps.append(time.perf_counter() - began)
            time.sleep(0.01)
    assert np.percentile(steps, 90) < 0.05
    assert RAW.keys.which == "EVERY"


def test_result_that_cannot_be_placed_is_kept(
    clip: Clip, movie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hund_blender.scene.clip_placing.remember_part", fail)
    with clip_server.watching(clip) as server:
        job = clip_job(server, movie)
        job.run()
    assert not job.placed
    assert "kept in walk-" in job.problems[-1].message
    name = job.problems[-1].message.removeprefix("The result is kept in ").removesuffix(".")
    assert len(read_clip(find(name)).tracks[0].frames) == 40
    assert len(bpy.data.armatures) == 0


def test_what_cannot_be_shown_comes_in_all_the_same(
    clip: Clip, movie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hund_blender.scene.clip_preview.show_pose", fail)
    with clip_server.watching(clip) as server:
        job = clip_job(server, movie)
        job.run()
    assert job.placed
    assert keyed_frames() == list(range(1, 41))


def test_keys_wait_until_edit_mode_is_left(clip: Clip, movie: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    with clip_server.watching(clip) as server:
        job = clip_job(server, movie)
        job.start()
        step_until(job, lambda: job.progress.text.startswith("Ready"))
        assert bpy.context.mode == "EDIT_MESH"
        assert len(bpy.data.armatures) == 0
        bpy.ops.object.mode_set(mode="OBJECT")
        step_until(job, lambda: job.is_finished)
    assert keyed_frames() == list(range(1, 41))
