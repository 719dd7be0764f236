# SPDX-License-Identifier: GPL-3.0-or-later
"""Real detectors and tiny networks on a portrait that moves through a picture."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from model_server import cli
from model_server.arrays import ImageArray
from model_server.clips import command
from model_server.clips.estimator import ClipOptions, PosedFrame
from model_server.clips.opening import open_clip
from model_server.clips.result import ClipResult
from model_server.clips.timeline import Wanted
from model_server.landmarks import WholeBody
from model_server.pipeline import Pipeline, load_pipeline
from model_server.settings import Settings
from model_server.whole_body import landmarks_of
from tests.server.made_keypoints import keypoints_at, standing
from tests.server.pictures import encoded, portrait
from tests.server.tiny_detector import write_finds_at

SIZE = (560, 360)  # of the frames: width, height
HEIGHT = 300  # of the portrait in them


@pytest.fixture(scope="module")
def sitter() -> ImageArray:
    image = portrait()
    width = round(image.shape[1] * HEIGHT / image.shape[0])
    return np.asarray(cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def frame_of(sitter: ImageArray, *places: int) -> ImageArray:
    """A grey frame with portraits that begin at some columns."""
    frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    for place in places:
        frame[40 : 40 + HEIGHT, place : place + sitter.shape[1]] = sitter
    return frame


def sequence(folder: Path, frames: Sequence[ImageArray]) -> Path:
    folder.mkdir()
    for number, frame in enumerate(frames, start=1):
        (folder / f"{number:04d}.png").write_bytes(encoded(frame))
    return folder


def estimated(
    pipeline: Pipeline, folder: Path, max_people: int = 4
) -> tuple[list[PosedFrame], ClipResult]:
    run = pipeline.clip(open_clip(folder, Wanted()), ClipOptions(max_people=max_people))
    frames = [found for found in run.frames() if isinstance(found, PosedFrame)]
    result = run.result()
    run.close()
    return frames, result


def test_somebody_who_moves_is_one_track(
    pipeline: Pipeline, sitter: ImageArray, tmp_path: Path
) -> None:
    folder = sequence(tmp_path / "walk", [frame_of(sitter, 20 + 12 * i) for i in range(8)])
    frames, result = estimated(pipeline, folder)
    assert [frame.number for frame in frames] == list(range(1, 9))
    assert [[tracked.track for tracked in frame.people] for frame in frames] == [[1]] * 8
    noses = [frame.people[0].person.landmarks.pose.landmarks_px[0, 0] for frame in frames]
    assert noses[-1] - noses[0] == pytest.approx(7 * 12, abs=15)
    (motion,) = result.motions.values()
    assert motion.frames.tolist() == list(range(1, 9))
    assert motion.seen.all()
    assert frames[3].people[0].person.landmarks.face is not None
    assert frames[3].people[0].person.landmarks.reading is not None


def test_two_people_keep_their_tracks(
    pipeline: Pipeline, sitter: ImageArray, tmp_path: Path
) -> None:
    folder = sequence(tmp_path / "two", [frame_of(sitter, 4 * i, 300 - 4 * i) for i in range(5)])
    frames, _ = estimated(pipeline, folder)
    by_track = [
        {tracked.track: tracked.person.box.center[0] for tracked in frame.people}
        for frame in frames
    ]
    assert all(set(places) == {1, 2} for places in by_track)
    left, right = sorted((1, 2), key=lambda track: by_track[0][track])
    assert all(places[left] < places[right] for places in by_track)


def test_the_number_of_people_is_bounded(
    pipeline: Pipeline, sitter: ImageArray, tmp_path: Path
) -> None:
    folder = sequence(tmp_path / "two", [frame_of(sitter, 0, 300)] * 2)
    frames, _ = estimated(pipeline, folder, max_people=1)
    assert all(len(frame.people) == 1 for frame in frames)


def test_whoever_comes_back_soon_is_the_same_and_the_gap_is_filled(
    pipeline: Pipeline, sitter: ImageArray, tmp_path: Path
) -> None:
    there, gone = frame_of(sitter, 100), frame_of(sitter)
    folder = sequence(tmp_path / "gap", [there] * 4 + [gone] * 3 + [there] * 4)
    frames, result = estimated(pipeline, folder)
    assert [len(frame.people) for frame in frames] == [1] * 4 + [0] * 3 + [1] * 4
    (motion,) = result.motions.values()
    assert motion.frames.tolist() == list(range(1, 12))
    assert motion.seen.tolist() == [1] * 4 + [0] * 3 + [1] * 4


def test_a_clip_is_seen_by_the_detector_that_somebody_brings(
    tiny_assets: Path, sitter: ImageArray, tmp_path: Path
) -> None:
    """This one sees a standing figure in every crop."""
    places = keypoints_at(standing((0.5, 0.5), 0.7)).px
    path = write_finds_at(tmp_path / "stands.onnx", places, np.ones(len(places)))
    pipeline = load_pipeline(tiny_assets, detector=path)
    frames, _ = estimated(pipeline, sequence(tmp_path / "own", [frame_of(sitter, 100)] * 2))
    pipeline.close()
    for frame in frames:
        (tracked,) = frame.people
        px = tracked.person.landmarks.pose.landmarks_px
        columns = np.column_stack([landmarks_of(WholeBody(places, np.ones(133)))[0], np.ones(33)])
        placed, *_ = np.linalg.lstsq(columns, px, rcond=None)
        assert np.abs(columns @ placed - px).max() < 8  # half a cell of the crop, nearly
        assert tracked.person.landmarks.keypoints is None


def test_a_clip_without_people_has_no_tracks(
    pipeline: Pipeline, sitter: ImageArray, tmp_path: Path
) -> None:
    frames, result = estimated(pipeline, sequence(tmp_path / "empty", [frame_of(sitter)] * 2))
    assert [frame.people for frame in frames] == [[], []]
    assert result.motions == {}
    assert result.header()["tracks"] == []


def test_the_command_writes_a_motion_file(
    tiny_assets: Path,
    sitter: ImageArray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "Settings", partial(Settings, assets=tiny_assets))
    folder = sequence(tmp_path / "clip", [frame_of(sitter, 60 + 5 * i) for i in range(3)])
    (folder / "0002.png").write_bytes(b"nothing")
    out = tmp_path / "out.npz"
    assert cli.main(["clip", str(folder), "-o", str(out), "--fps", "12", "--no-hands"]) == 0
    with np.load(out, allow_pickle=False) as stored:
        header = json.loads(bytes(stored["header"]))
        assert (header["fps"], header["source"], header["tracks"]) == (12.0, "clip", [1])
        assert stored["track1/frames"].tolist() == [1, 2, 3]
        assert stored["track1/seen"].tolist() == [1, 0, 1]
    told = capsys.readouterr().err
    assert "frame 2: " in told
    assert "1 people" in told


def test_the_command_tells_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["clip", str(tmp_path / "missing.mp4")]) == 1
    assert "Check the name" in capsys.readouterr().err
