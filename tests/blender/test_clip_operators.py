# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist presses: files, folders, open movies, photos that stand for poses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import clip_server
import local_server
import made_clips
import made_people
import numpy as np
import pytest
from clip_server import ClipServer
from looking import evaluated_vertices
from pictures import write_picture

from hund_blender.body import Body
from hund_blender.clip.sources import MOVIE_EXTENSIONS
from hund_blender.clip_settings import parse_frames
from hund_blender.connection import ServerSettings
from hund_blender.scene.open_movies import open_movie, open_movies


@pytest.fixture
def server(body: Body, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClipServer]:
    bpy.context.scene.render.fps = 30
    with clip_server.watching(made_clips.clip(body, people=2, frames=20)) as running:
        settings = ServerSettings(remote_address=running.address, remote_token=clip_server.TOKEN)
        monkeypatch.setattr("hund_blender.clip_operators.server_settings", lambda _: settings)
        yield running


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twenty pictures, each as bright as its number says."""
    folder = tmp_path / "shot"
    folder.mkdir()
    for number in range(1, 21):
        write_picture(folder / f"shot_{number:03}.png", 64, 48, bright(number))
    return folder


def bright(number: int) -> np.ndarray:
    return np.tile([number / 25, number / 25, number / 25, 1.0], (48, 64, 1))


def test_movie(server: ClipServer, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_bytes(b"movie")
    result = bpy.ops.hund.import_clip(
        filepath=str(tmp_path / "dance.mp4"), max_people=2, first=3, last=12, step=2, face=False
    )
    assert result == {"FINISHED"}
    asked = server.watched[0].request
    assert {name: asked[name] for name in ("first", "last", "step", "max_people", "fps")} == {
        "first": 3, "last": 12, "step": 2, "max_people": 2, "fps": None,
    }  # fmt: skip
    assert asked["face"] is False
    assert asked["frames"] is None
    assert sorted(bpy.data.armatures.keys()) == ["dance Person 1", "dance Person 2"]


def test_dropped_movie(server: ClipServer, tmp_path: Path) -> None:
    (tmp_path / "dance.mov").write_bytes(b"movie")
    result = bpy.ops.hund.import_clip(
        "INVOKE_DEFAULT", files=[{"name": "dance.mov"}], directory=str(tmp_path)
    )
    assert result == {"FINISHED"}
    assert "dance Person 1" in bpy.data.objects


def test_movies_are_offered_beside_the_open_tab() -> None:
    handler: Any = bpy.types.HUND_FH_clips
    assert set(handler.bl_file_extensions.split(";")) == set(MOVIE_EXTENSIONS)
    assert handler.bl_import_operator == "hund.import_clip"


def test_one_image_of_a_sequence_brings_all_with_their_numbers(
    server: ClipServer, images: Path
) -> None:
    assert bpy.ops.hund.import_clip(filepath=str(images / "shot_007.png")) == {"FINISHED"}
    asked = server.watched[0].request
    assert asked["frames"] == list(range(1, 21))
    assert asked["fps"] == 30.0  # images have no rate; the scene's is taken


def test_sequence_runs_behind_the_people(server: ClipServer, images: Path) -> None:
    bpy.ops.hund.import_clip(filepath=str(images / "shot_001.png"), start=101)
    camera = bpy.context.scene.camera
    background = camera.data.background_images[0]
    assert background.image.source == "SEQUENCE"
    for frame in (101, 110, 120):
        bpy.context.scene.frame_set(frame)
        assert background.image_user.frame_current == frame - 100


@pytest.mark.parametrize("fps", [15, 60])
def test_sequence_keeps_step_with_people_at_other_rates(
    server: ClipServer, images: Path, fps: int
) -> None:
    """The clip has 30 frames a second."""
    bpy.context.scene.render.fps = fps
    bpy.ops.hund.import_clip(filepath=str(images / "shot_001.png"))
    user = bpy.context.scene.camera.data.background_images[0].image_user
    for frame in (1, 5, 9):
        bpy.context.scene.frame_set(frame)
        shown = min(frame, user.frame_duration) + user.frame_offset
        assert abs(shown - (1 + (frame - 1) * 30 / fps)) <= 0.51


def test_active_character_moves(server: ClipServer, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_bytes(b"movie")
    bpy.ops.hund.import_clip(filepath=str(tmp_path / "dance.mp4"), max_people=1)
    count = len(bpy.data.armatures)
    bpy.ops.hund.import_clip(filepath=str(tmp_path / "dance.mp4"), target="SELECTED", start=51)
    assert len(bpy.data.armatures) == count
    assert server.watched[1].request["max_people"] == 1
    action = bpy.context.object.animation_data.action
    assert action.frame_range[:] == (51, 70)


def test_no_active_character(server: ClipServer, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_bytes(b"movie")
    with pytest.raises(RuntimeError, match="No HUND character is active"):
        bpy.ops.hund.import_clip(filepath=str(tmp_path / "dance.mp4"), target="SELECTED")


def test_movie_clip(server: ClipServer, images: Path) -> None:
    clip = bpy.data.movieclips.load(str(images / "shot_001.png"))
    clip.frame_start, clip.frame_offset = 41, 4
    assert ("MOVIE_CLIP", clip.name) in open_movies(bpy.context.scene)
    result = bpy.ops.hund.import_open_clip(kind="MOVIE_CLIP", name=clip.name)
    assert result == {"FINISHED"}
    assert server.watched[0].request["frames"] == list(range(5, 21))
    action = bpy.data.objects["shot_001 Person 1"].animation_data.action
    assert action.frame_range[:] == (41, 56)


def test_image_strip(server: ClipServer, images: Path) -> None:
    from hund_blender.compat import SLOTTED_ACTIONS

    editor: Any = bpy.context.scene.sequence_editor_create()
    strips = editor.strips if SLOTTED_ACTIONS else editor.sequences
    strip = strips.new_image("cut", str(images / "shot_001.png"), 1, 10)
    for number in range(2, 21):
        strip.elements.append(f"shot_{number:03}.png")
    if hasattr(strip, "left_handle"):
        strip.left_handle, strip.right_handle = 13, 22
    else:
        strip.frame_offset_start, strip.frame_offset_end = 3, 8
    movie = open_movie(bpy.context.scene, "STRIP", "cut")
    assert (movie.start, movie.first, movie.last) == (13, 4, 12)
    assert bpy.ops.hund.import_open_clip(kind="STRIP", name="cut") == {"FINISHED"}
    assert server.watched[0].request["frames"] == list(range(4, 13))


def test_image_sequence_of_an_image_editor(images: Path) -> None:
    image = bpy.data.images.load(str(images / "shot_003.png"))
    image.source = "SEQUENCE"
    movie = open_movie(bpy.context.scene, "IMAGE", image.name)
    assert movie.source.images is not None
    assert len(movie.source.images) == 20


def test_open_movie_that_is_gone(server: ClipServer) -> None:
    with pytest.raises(RuntimeError, match="gone"):
        bpy.ops.hund.import_open_clip(kind="MOVIE_CLIP", name="nothing")


def test_folder_of_photos_as_poses(
    body: Body, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [made_people.person(body, seed=seed) for seed in range(3)]
    for number in range(3):
        write_picture(tmp_path / f"pose{number}.png", 640, 480, bright_photo(number))
    answers = iter(people)
    with local_server.running(lambda _: (200, made_people.answer([next(answers)]))) as server:
        settings = ServerSettings(remote_address=server.address, remote_token=local_server.TOKEN)
        monkeypatch.setattr("hund_blender.clip_operators.server_settings", lambda _: settings)
        result = bpy.ops.hund.import_clip(directory=str(tmp_path), read_as="POSES", spacing=10)
    assert result == {"FINISHED"}
    [character] = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
    skin = bpy.data.objects[f"{character.name} Body"]
    from hund_blender.compat import channels_of

    curves = channels_of(character.animation_data.action, "OBJECT").fcurves
    frames = {key.co[0] for curve in curves for key in curve.keyframe_points}
    assert frames == {1, 11, 21}
    turned = []
    for frame in (1, 11, 21):
        bpy.context.scene.frame_set(frame)
        vertices = evaluated_vertices(skin)
        assert abs(vertices[:, 2].min()) < 0.03  # on the floor, each
        turned.append(vertices)
    assert np.abs(turned[0] - turned[1]).max() > 0.1


def bright_photo(number: int) -> np.ndarray:
    return np.tile([number / 5, 0.5, 0.5, 1.0], (480, 640, 1))


@pytest.mark.parametrize(
    ("text", "frames"),
    [("1, 12, 24-26", (1, 12, 24, 25, 26)), ("", ()), ("-5 7", (-5, 7)), ("x", ())],
)
def test_frames_as_people_write_them(text: str, frames: tuple[int, ...]) -> None:
    assert parse_frames(text) == frames


def test_presets_set_all_sliders(server: ClipServer, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_bytes(b"movie")
    bpy.ops.hund.import_clip(filepath=str(tmp_path / "dance.mp4"), preset="SNAPPY")
    settings = bpy.context.object.hund
    assert settings.arms_s == pytest.approx(0.05)
    settings.preset = "LOCOMOTION"
    assert settings.keep_place_s == pytest.approx(10.0)
