# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender --command hund` as a farm meets it: files, lines and exit status."""

from collections.abc import Iterator
from pathlib import Path

import bpy
import clip_server
import local_server
import made_clips
import made_people
import numpy as np
import other_files
import pytest
from clip_server import ClipServer
from local_server import LocalServer, Reply, error
from pictures import write_picture

from hund_blender import cli
from hund_blender.body import Body
from hund_blender.connection import ServerSettings


@pytest.fixture
def server(body: Body, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """Text is no image, every picture shows one person."""

    def estimate(photo: bytes) -> Reply:
        if photo.startswith(b"text"):
            return error(415, "not_an_image", "This file is no image.", "Choose a JPEG file.")
        return 200, made_people.answer([made_people.person(body)])

    with local_server.running(estimate) as running:
        settings = ServerSettings(remote_address=running.address, remote_token=local_server.TOKEN)
        monkeypatch.setattr("hund_blender.api.server_settings", lambda _: settings)
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def test_folder_to_file(
    server: LocalServer, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.png", "b.jpg"):
        write_picture(folder / name, 640, 480)
    out = tmp_path / "out.blend"
    options = ["--rig", "game-engine", "--max-people", "2", "--focal-35mm", "28", "--scale", "10"]
    assert cli.run([str(folder), "-o", str(out), *options]) == 0
    said = capfd.readouterr()
    assert said.out.splitlines()[:2] == ["a.png: 1 people", "b.jpg: 1 people"]
    assert f"{out}: 2 characters" in said.out
    assert server.targets.count("/estimate?max_people=2&focal_35mm=28.0") == 2
    bpy.ops.wm.open_mainfile(filepath=str(out))
    characters = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
    assert [thing.name for thing in characters] == ["a Person 1", "b Person 1"]
    assert all("thigh_l" in thing.data.bones for thing in characters)
    assert all(tuple(thing.scale) == (10, 10, 10) for thing in characters)
    assert all(image.packed_file for image in bpy.data.images if image.source == "FILE")


def test_five_broken_of_fifty_stop_nobody(
    server: LocalServer, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(50):
        if number % 10 == 3:
            (folder / f"{number:02}.jpg").write_text("text")
        else:
            write_picture(folder / f"{number:02}.jpg", 64, 48)
    out = tmp_path / "out.blend"
    assert cli.run(["--pose-assets", str(folder), "-o", str(out)]) == 3
    said = capfd.readouterr()
    complaints = [line for line in said.err.splitlines() if "no image" in line]
    assert [line[:6] for line in complaints] == [f"{tens}3.jpg" for tens in range(5)]
    assert all("Choose a JPEG file." in line for line in complaints)
    assert f"{out}: 45 pose assets" in said.out
    bpy.ops.wm.open_mainfile(filepath=str(out))
    assert len([action for action in bpy.data.actions if action.asset_data]) == 45
    assert (tmp_path / "blender_assets.cats.txt").exists()


def test_nothing_came_in(
    server: LocalServer, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "text.jpg").write_text("text")
    paths = [str(folder / "text.jpg"), str(folder / "missing.jpg")]
    assert cli.run([*paths, "-o", str(tmp_path / "out.blend")]) == 1
    complaints = capfd.readouterr().err
    assert "text.jpg: This file is no image." in complaints
    assert "missing.jpg: The file cannot be read" in complaints
    assert not (tmp_path / "out.blend").exists()


def test_no_server(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_picture(folder / "a.png")
    assert cli.run([str(folder), "-o", str(tmp_path / "out.blend")]) == 1
    assert "Install Model Server" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "required"),
        (["a.jpg"], "required"),
        (["a.jpg", "-o", "no/such/folder/out.blend"], "Make it first"),
        (["a.jpg", "-o", "out.blend", "--rig", "lizard"], "makehuman"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], word: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    assert word in capfd.readouterr().err


def test_help(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    assert "blender --command hund" in capfd.readouterr().out


def test_file_that_cannot_be_written(
    server: LocalServer, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_picture(folder / "a.png", 640, 480)
    (tmp_path / "out.blend@").mkdir()  # what Blender writes first
    assert cli.run([str(folder), "-o", str(tmp_path / "out.blend")]) == 1
    assert "cannot be written" in capfd.readouterr().err


@pytest.fixture
def clip_maker(body: Body, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClipServer]:
    with clip_server.watching(made_clips.clip(body, people=2, frames=20)) as running:
        settings = ServerSettings(remote_address=running.address, remote_token=clip_server.TOKEN)
        monkeypatch.setattr("hund_blender.api.server_settings", lambda _: settings)
        yield running


def test_clip_to_file(
    clip_maker: ClipServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "walk.mp4").write_bytes(b"movie")
    out = tmp_path / "out.blend"
    options = ["--rig", "mixamo", "--keys", "adaptive", "--preset", "locomotion", "--last", "15"]
    assert cli.run([str(tmp_path / "walk.mp4"), "-o", str(out), *options]) == 0
    said = capfd.readouterr().out
    assert "walk.mp4: 2 people" in said
    assert f"{out}: 2 characters" in said
    assert clip_maker.watched[0].request["last"] == 15
    assert len(list((tmp_path / "hund_clips").iterdir())) == 1  # the raw result, to re-process
    bpy.ops.wm.open_mainfile(filepath=str(out))
    character = bpy.data.objects["walk Person 1"]
    assert "mixamorig:Hips" in character.data.bones
    assert bpy.context.scene.render.fps == 30
    assert character.animation_data.action.frame_range[:] == (1, 15)
    bpy.context.view_layer.objects.active = character
    assert bpy.ops.hund.reprocess_clip() == {"FINISHED"}


def test_folder_of_images_as_a_clip(
    clip_maker: ClipServer, tmp_path: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 21):
        write_picture(folder / f"f{number}.png")
    out = tmp_path / "out.blend"
    assert cli.run([str(folder), "--sequence", "--fps", "60", "-o", str(out)]) == 0
    assert clip_maker.watched[0].request["frames"] == list(range(1, 21))
    bpy.ops.wm.open_mainfile(filepath=str(out))
    assert bpy.context.scene.render.fps == 60


def test_broken_frames_of_a_clip(
    clip_maker: ClipServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "walk.mp4").write_bytes(b"movie")
    clip_maker.broken_frames = {7}
    out = tmp_path / "out.blend"
    assert cli.run([str(tmp_path / "walk.mp4"), "-o", str(out), "--raw"]) == 3
    assert "Frame 7: It is broken. Copy it again." in capfd.readouterr().err


def test_clip_that_is_not_there(
    clip_maker: ClipServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([str(tmp_path / "gone.mp4"), "-o", str(tmp_path / "out.blend")]) == 1
    assert "gone.mp4" in capfd.readouterr().err


def test_other_tools_results(
    body: Body, clip_maker: ClipServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "dance.npz", **other_files.amass(body, 12))
    (tmp_path / "bad.pkl").write_bytes(b"cos\nsystem\n.")
    out = tmp_path / "out.blend"
    files = [str(tmp_path / name) for name in ("dance.npz", "bad.pkl")]
    assert cli.run([*files, "-o", str(out), "--raw"]) == 3
    told = capfd.readouterr()
    assert "dance.npz: 1 people" in told.out
    assert "bad.pkl: The file wants to run os.system" in told.err
    assert not clip_maker.watched
    bpy.ops.wm.open_mainfile(filepath=str(out))
    assert bpy.data.objects["dance Person 1"].animation_data.action is not None
