# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip through the real server, which is killed in the middle, and on from there."""

import os
import shutil
import time
from pathlib import Path

import bpy
import pytest
from made_characters import clip_options

from hund_blender.clip.client import ClipRequest
from hund_blender.clip.job import ClipJob, Order
from hund_blender.clip.sources import Source, numbered
from hund_blender.clip_importing import new_clip_job
from hund_blender.connection import ServerSettings
from hund_blender.importing import SERVERS
from hund_blender.scene.clip_store import part_of

FRAMES = 24
LIMIT_S = 90.0


@pytest.fixture
def frames(tmp_path: Path, photos: list[Path]) -> Source:
    """Somebody who stands still."""
    for number in range(1, FRAMES + 1):
        shutil.copy(photos[1], tmp_path / f"still_{number:03}.jpg")
    return Source(images=numbered(tmp_path.iterdir()))


def keyed_frames(name: str) -> list[int]:
    first, last = bpy.data.objects[name].animation_data.action.frame_range
    return list(range(int(first), int(last) + 1))


def step_until_frame(job: ClipJob, count: int) -> None:
    deadline = time.monotonic() + LIMIT_S
    while job._receiving is None or not (told := job._receiving.recording) or told.count < count:
        assert time.monotonic() < deadline
        assert not job.step(), job.problems
        time.sleep(0.005)


def test_a_killed_server_keeps_what_was_done_and_another_goes_on(
    server_python: Path, frames: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ServerSettings(python=str(server_python))
    order = Order(frames, ClipRequest())
    job = new_clip_job(bpy.context.scene, order, clip_options(), settings)
    job.start()
    step_until_frame(job, 6)
    assert SERVERS._child is not None
    os.kill(SERVERS._child._process.pid, 9)
    job_ends(job)
    assert [problem.message for problem in job.problems] == [
        "The model server stopped in the middle of the clip."
    ]
    (character,) = (item for item in bpy.data.objects if item.type == "ARMATURE")
    done = keyed_frames(character.name)
    assert 6 <= len(done) < FRAMES
    bpy.context.view_layer.objects.active = character
    monkeypatch.setattr("hund_blender.clip_character_operators.server_settings", lambda _: settings)
    assert bpy.ops.hund.resume_clip() == {"FINISHED"}
    assert keyed_frames(character.name) == list(range(1, FRAMES + 1))
    assert part_of(character).finished
    assert len(bpy.data.armatures) == 1


def job_ends(job: ClipJob) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not job.step():
        assert time.monotonic() < deadline
        time.sleep(0.005)
