# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as they come over the line; tests/blender/test_clip_import.py has the whole talk."""

import io
import json
from typing import Any

import clip_server
import made_clips
import numpy as np
import pytest

from hund_blender.body import Body
from hund_blender.clip.client import parse_events
from hund_blender.clip.recording import Recording, parse_opened
from hund_blender.errors import ServerError

OPENED: dict[str, Any] = {
    "frames": 3, "fps": 25.0, "width": 640, "height": 480, "focal_px": 768.0,
    "center_px": [320.0, 240.0],
}  # fmt: skip


def test_events() -> None:
    text = b': hello\n\nid: 1\nevent: opened\ndata: {"frames": 3}\n\n: still here\n\n'
    text += b'id: 2\r\nevent: frame\r\ndata: {"a":\r\ndata: 1}\r\n\r\nid: 3\ndata: {}\n\n'
    found = [(event.number, event.kind, event.data) for event in parse_events(io.BytesIO(text))]
    assert found == [(1, "opened", {"frames": 3}), (2, "frame", {"a": 1}), (3, "", {})]


def test_an_event_that_was_cut_off_is_none() -> None:
    assert list(parse_events(io.BytesIO(b'id: 1\nevent: frame\ndata: {"fra'))) == []


@pytest.mark.parametrize("text", [b"data: {}\n\n", b"id: 1\ndata: {no json}\n\n"])
def test_nonsense_is_told(text: bytes) -> None:
    with pytest.raises(ServerError, match="not as expected"):
        list(parse_events(io.BytesIO(text)))


def test_recording_is_the_clip_that_was_told_of(body: Body) -> None:
    clip = made_clips.clip(body, people=2, frames=3)
    recording = Recording(body, parse_opened(OPENED), "walk.mp4")
    for number in (1, 2, 3):
        event = {"frame": number, "people": clip_server.people_in(clip, number)}
        recording.add(json.loads(json.dumps(event)))
    heard = recording.clip()
    assert heard.fps == 25.0
    assert recording.count == 3
    for told, track in zip(clip.tracks, heard.tracks, strict=True):
        assert track.frames.tolist() == [1, 2, 3]
        for name in ("root_wxyz", "translation_m", "rotations_wxyz", "phenotypes", "box_px"):
            assert np.allclose(getattr(track, name), getattr(told, name), atol=1e-5), name
        assert np.allclose(track.facial_actions, told.facial_actions, atol=1e-5)


@pytest.mark.parametrize("missing", ["frames", "fps", "center_px"])
def test_opening_without_what_it_takes(missing: str) -> None:
    with pytest.raises(ServerError, match=missing):
        parse_opened({name: value for name, value in OPENED.items() if name != missing})


def test_frames_with_nonsense(body: Body) -> None:
    recording = Recording(body, parse_opened(OPENED), "walk.mp4")
    person = clip_server.people_in(made_clips.clip(body, frames=1), 1)[0]
    person["parameters"]["root"] = [1, 0, 0]
    with pytest.raises(ServerError, match="4"):
        recording.add({"frame": 1, "people": [person]})
    assert recording.count == 0
