# SPDX-License-Identifier: GPL-3.0-or-later
"""`blender --command hund` as a farm meets it: files, lines and exit status."""

from collections.abc import Iterator
from pathlib import Path

import bpy
import local_server
import made_people
import pytest
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
    (tmp_path / "out.blend").mkdir()
    assert cli.run([str(folder), "-o", str(tmp_path / "out.blend")]) == 1
    assert "cannot be written" in capfd.readouterr().err
