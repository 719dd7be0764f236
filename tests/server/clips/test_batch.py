# SPDX-License-Identifier: GPL-3.0-or-later
import sys
from pathlib import Path

import numpy as np
import pytest

from model_server import cli, pipeline
from model_server.clips.batch import SOME_FAILED, clips_in
from model_server.errors import HundError
from tests.server.clips.made_people import ClipFaker
from tests.server.clips.made_videos import picture, write_video
from tests.server.pictures import encoded


@pytest.fixture
def faker(monkeypatch: pytest.MonkeyPatch) -> ClipFaker:
    """In place of the networks."""
    faker = ClipFaker()
    monkeypatch.setattr(pipeline, "load_pipeline", lambda *_, **__: faker)
    return faker


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Two videos and a sequence; notes, and what some disks put beside files, are no clips."""
    folder = tmp_path / "clips"
    (folder / "walk").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4"):
        write_video(folder / name, 4)
    for number in (1, 2, 3):
        (folder / "walk" / f"{number}.png").write_bytes(encoded(picture(number)))
    (folder / "notes.md").write_text("no clip")
    for hidden in ("._a.mp4", "walk/._1.png"):
        (folder / hidden).write_bytes(b"attributes")
    return folder


def batch(*arguments: object) -> int:
    return cli.main(["batch", *map(str, arguments)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_clips_of_a_folder(clips: Path, tmp_path: Path, faker: ClipFaker) -> None:
    out = tmp_path / "out"
    assert batch(clips, "-o", out, "--last", 2) == 0
    assert names(out) == ["a.mp4.npz", "b.mp4.npz", "walk.npz"]
    with np.load(out / "walk.npz", allow_pickle=False) as motion:
        assert "header" in motion
    assert [run.made for run in faker.runs] == [[1, 2]] * 3


def test_one_that_fails_stops_no_other(
    clips: Path, tmp_path: Path, faker: ClipFaker, capsys: pytest.CaptureFixture[str]
) -> None:
    (clips / "a.mp4").write_text("no video")
    out = tmp_path / "out"
    assert batch(clips, clips / "gone.mp4", "-o", out) == SOME_FAILED
    assert names(out) == ["b.mp4.npz", "walk.npz"]
    *_, first, second, count = capsys.readouterr().err.splitlines()
    assert "a.mp4: " in first
    assert "Choose" in first
    assert "gone.mp4: " in second
    assert count == "2 clips have their motion, 2 failed"


def test_nothing_that_works(tmp_path: Path, faker: ClipFaker) -> None:
    assert batch(tmp_path / "gone.mp4", "-o", tmp_path / "out") == 1


def test_a_bug_with_one_clip(clips: Path, tmp_path: Path, faker: ClipFaker) -> None:
    faker.fails_at = 4  # which the sequence has not
    assert batch(clips, "-o", tmp_path / "out") == SOME_FAILED
    assert names(tmp_path / "out") == ["walk.npz"]


def test_the_same_command_goes_on(clips: Path, tmp_path: Path, faker: ClipFaker) -> None:
    out = tmp_path / "out"
    whole = (clips / "b.mp4").read_bytes()
    (clips / "b.mp4").write_bytes(whole[:40])
    assert batch(clips, "-o", out) == SOME_FAILED
    done = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    (clips / "b.mp4").write_bytes(whole)
    (out / "b.mp4.npz.partial").write_bytes(b"half of it, from a process that was killed")
    assert batch(clips, "-o", out) == 0
    assert names(out) == ["a.mp4.npz", "b.mp4.npz", "walk.npz"]
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert len(faker.runs) == 3  # none of them twice
    assert batch(clips, "-o", out) == 0
    assert len(faker.runs) == 3


def test_a_missing_tail_is_told_and_what_was_read_is_kept(
    tmp_path: Path, faker: ClipFaker, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_video(tmp_path / "a.avi", 60, code="MJPG")
    path.write_bytes(path.read_bytes()[: int(0.6 * path.stat().st_size)])
    assert batch(path, "-o", tmp_path / "out") == 0
    assert names(tmp_path / "out") == ["a.avi.npz"]
    assert "a.avi: frame " in capsys.readouterr().err


def test_a_list_of_clips(clips: Path, tmp_path: Path) -> None:
    listed = clips / "list.txt"
    listed.write_text("b.mp4\n\nwalk\n")
    assert clips_in([listed, clips / "b.mp4"]) == [clips / "b.mp4", clips / "walk"]


def test_two_of_one_name_are_refused_before_anything_is_done(
    clips: Path, tmp_path: Path, faker: ClipFaker, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_video(tmp_path / "a.mp4", 2)
    assert batch(clips, other, "-o", tmp_path / "out") == 1
    assert "Use a folder for each" in capsys.readouterr().err
    assert faker.runs == []


def test_nothing_to_do_is_told(tmp_path: Path) -> None:
    with pytest.raises(HundError) as raised:
        clips_in([tmp_path])
    assert raised.value.remedy


def test_without_ray_it_says_how_to_get_it(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert batch(clips, "-o", tmp_path / "out", "--ray") == 1
    assert "pip install" in capsys.readouterr().err
