# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest

from model_server.clips.source import Frame, Problem
from model_server.clips.timeline import Wanted
from model_server.clips.video import VideoSource
from model_server.errors import HundError
from tests.server.clips.made_videos import number_in, rotated, with_durations, write_video

EVERYTHING = Wanted()


def read(path: Path, wanted: Wanted = EVERYTHING) -> tuple[VideoSource, list[Frame]]:
    source = VideoSource(path, wanted)
    found = list(source)
    source.close()
    assert not any(isinstance(each, Problem) for each in found)
    return source, [each for each in found if isinstance(each, Frame)]


@pytest.mark.parametrize(
    ("name", "code"), [("a.mp4", "mp4v"), ("b.avi", "MJPG"), ("c.mkv", "mp4v")]
)
def test_every_frame_comes_once_and_in_its_place(tmp_path: Path, name: str, code: str) -> None:
    source, frames = read(write_video(tmp_path / name, 30, 30000 / 1001, code))
    assert [number_in(frame.pixels) for frame in frames] == list(range(30))
    assert [frame.number for frame in frames] == list(range(1, 31))
    assert [frame.place for frame in frames] == [frame.number for frame in frames]
    assert source.info.frames == 30
    assert source.info.fps == pytest.approx(29.97, abs=0.01)


def test_red_is_red(tmp_path: Path) -> None:
    _, frames = read(write_video(tmp_path / "a.mp4", 2))
    red, green, _ = frames[0].pixels[5, 5]
    assert red > 200 > 50 > green


def test_a_phone_held_upright(tmp_path: Path) -> None:
    source, frames = read(rotated(write_video(tmp_path / "a.mp4", 3)))
    assert (source.info.width, source.info.height) == (64, 128)
    assert frames[0].pixels.shape == (128, 64, 3)
    assert frames[0].pixels[5, 60, 0] > 200  # the upper half, red, is on the right now
    assert frames[0].pixels[5, 5, 0] < 50


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(first=11, last=14), [11, 12, 13, 14]),
        (Wanted(first=11, last=20, step=3), [11, 14, 17, 20]),
        (Wanted(first=28, last=99), [28, 29, 30]),
        (Wanted(step=10), [1, 11, 21]),
    ],
)
def test_a_range_keeps_the_numbers_of_the_source(
    tmp_path: Path, wanted: Wanted, numbers: list[int]
) -> None:
    source, frames = read(write_video(tmp_path / "a.mp4", 30), wanted)
    assert [frame.number for frame in frames] == numbers
    assert [number_in(frame.pixels) + 1 for frame in frames] == numbers
    assert source.info.frames == len(numbers)
    assert source.info.fps == pytest.approx(25 / wanted.step)


def test_fewer_frames_a_second_are_the_nearest_ones(tmp_path: Path) -> None:
    source, frames = read(write_video(tmp_path / "a.mp4", 50), Wanted(fps=10, first=11))
    assert source.info.fps == 10
    assert source.info.frames == len(frames)
    assert [frame.number for frame in frames] == list(range(11, 11 + len(frames)))
    for frame in frames:
        shown_s, asked_s = (number_in(frame.pixels) - 10) / 25, (frame.number - 11) / 10
        assert abs(shown_s - asked_s) <= 0.02 + 1e-6  # half a frame of the source
        assert frame.place == pytest.approx(11 + shown_s * 10, abs=0.05)


def test_more_frames_a_second_leave_gaps_and_double_nothing(tmp_path: Path) -> None:
    source, frames = read(write_video(tmp_path / "a.mp4", 10), Wanted(fps=60))
    assert [number_in(frame.pixels) for frame in frames] == list(range(10))
    assert [frame.number for frame in frames] == [1, 3, 6, 8, 11, 13, 15, 18, 20, 23]
    assert source.info.frames == 10


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 10)
    durations = [512, 512, 1024, 512, 256, 256, 512, 1024, 256, 256]  # of 512 a frame
    _, frames = read(with_durations(path, durations))
    starts = [sum(durations[:i]) / 512 for i in range(10)]
    for frame in frames:
        assert frame.place == pytest.approx(1 + starts[number_in(frame.pixels)], abs=0.06)
        assert abs(frame.place - frame.number) <= 0.5
    assert len({frame.number for frame in frames}) == len(frames)
    assert 4 not in {frame.number for frame in frames}  # nothing was shown anew there


@pytest.mark.parametrize(("name", "code"), [("b.avi", "MJPG"), ("c.mkv", "mp4v")])
def test_a_missing_tail_is_told_and_the_rest_is_there(tmp_path: Path, name: str, code: str) -> None:
    path = write_video(tmp_path / name, 60, code=code)
    content = path.read_bytes()
    path.write_bytes(content[: int(0.6 * len(content))])
    *frames, problem = VideoSource(path, Wanted())
    assert isinstance(problem, Problem)
    assert problem.error.code == "damaged_clip"
    assert problem.frame == len(frames) + 1
    assert 20 < len(frames) < 45
    whole = [f for f in frames if isinstance(f, Frame)]
    assert [number_in(f.pixels) for f in whole[:-1]] == list(range(len(frames) - 1))


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("no video")
    cut = write_video(tmp_path / "b.mp4", 20)
    cut.write_bytes(cut.read_bytes()[:-300])  # without its index
    for path in (text, cut, tmp_path / "missing.mp4"):
        with pytest.raises(HundError) as error:
            VideoSource(path, Wanted())
        assert error.value.remedy


def test_a_playlist_does_not_open_other_files(tmp_path: Path) -> None:
    write_video(tmp_path / "secret.mp4", 5)
    playlist = tmp_path / "list.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n")
    concat = tmp_path / "concat.mp4"
    concat.write_text("ffconcat version 1.0\nfile secret.mp4\n")
    for path in (playlist, concat):
        with pytest.raises(HundError):
            VideoSource(path, Wanted())


def test_it_can_be_stopped(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "a.mp4", 30), Wanted())
    frames = iter(source)
    next(frames)
    source.stop()
    assert len(list(frames)) <= 2
