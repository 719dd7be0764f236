# SPDX-License-Identifier: GPL-3.0-or-later
import errno
import http.client
import io
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_server.clips import events as event_module
from tests.server.clips.made_people import ClipFaker
from tests.server.clips.made_videos import picture, write_video
from tests.server.doubles import TOKEN, Client, running
from tests.server.pictures import encoded, gradient

JSON = {"Content-Type": "application/json"}
IMAGE = encoded(picture(0))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_video(tmp_path_factory.mktemp("clip") / "a.mp4", 12).read_bytes()


@contextmanager
def server(tiny_assets: Path, **faker: Any) -> Iterator[Client]:
    with running(ClipFaker(**faker), tiny_assets) as client:
        yield client


@pytest.fixture(scope="module")
def client(tiny_assets: Path) -> Iterator[Client]:
    with server(tiny_assets) as client:
        yield client


def begin(client: Client, **question: Any) -> str:
    answer = client.ask("POST", "/clips", json.dumps(question).encode(), JSON)
    assert answer.status == 201
    return str(answer.json["id"])


def events_of(client: Client, clip: str, after: int = 0) -> list[tuple[int, str, Any]]:
    """All events to the last one: number, kind, content."""
    return parsed(client.ask("GET", f"/clips/{clip}/events?after={after}").body)


def parsed(stream: bytes) -> list[tuple[int, str, Any]]:
    found = []
    for block in stream.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def kinds(events: list[tuple[int, str, Any]]) -> list[str]:
    return [kind for _, kind, _ in events]


def test_a_video_from_question_to_result(client: Client, video: bytes) -> None:
    clip = begin(client, first=3, last=8, focal_px=100)
    assert client.ask("GET", f"/clips/{clip}/result").status == 409
    assert client.ask("PUT", f"/clips/{clip}/video", video).status == 204
    events = events_of(client, clip)
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    assert kinds(events) == ["opened", *["frame"] * 6, "refined", "done"]
    assert events[0][2] == {
        "frames": 6,
        "fps": 25.0,
        "width": 128,
        "height": 64,
        "focal_px": 100.0,
        "center_px": [64.0, 32.0],
    }
    assert [content["frame"] for _, kind, content in events if kind == "frame"] == [
        3,
        4,
        5,
        6,
        7,
        8,
    ]
    (somebody,) = events[1][2]["people"]
    assert set(somebody) == {"track", "box", "confidence", "parameters", "joint_confidence"}
    assert somebody["parameters"]["translation"] == [0, 0, 3]
    assert events[-1][2] == {"cancelled": False}
    result = np.load(io.BytesIO(client.ask("GET", f"/clips/{clip}/result").body))
    assert json.loads(bytes(result["header"]))["format"] == "hund-clip"


def test_images_are_taken_in_order_while_they_come(client: Client) -> None:
    clip = begin(client, frames=[5, 3, 4], fps=12)
    for number in (4, 3, 5):
        assert client.ask("PUT", f"/clips/{clip}/frames/{number}", IMAGE).status == 204
    events = events_of(client, clip)
    assert [content["frame"] for _, kind, content in events if kind == "frame"] == [3, 4, 5]
    assert events[0][2]["fps"] == 12


def test_a_broken_image_does_not_end_the_clip(client: Client) -> None:
    clip = begin(client, frames=[1, 2, 3])
    for number, content in ((1, IMAGE), (2, b"nothing"), (3, IMAGE)):
        client.ask("PUT", f"/clips/{clip}/frames/{number}", content)
    events = events_of(client, clip)
    assert kinds(events) == ["opened", "frame", "problem", "frame", "refined", "done"]
    assert events[2][2]["frame"] == 2
    assert events[2][2]["code"] == "not_an_image"
    assert events[2][2]["remedy"]


def test_what_is_no_video_is_told_and_done(client: Client) -> None:
    clip = begin(client)
    client.ask("PUT", f"/clips/{clip}/video", b"no video at all")
    events = events_of(client, clip)
    assert kinds(events) == ["problem", "done"]
    assert events[0][2]["code"] == "not_a_clip"
    assert client.ask("GET", f"/clips/{clip}/result").json["detail"]["code"] == "not_ready"


def test_a_lost_connection_goes_on_where_it_was(client: Client, video: bytes) -> None:
    clip = begin(client)
    client.ask("PUT", f"/clips/{clip}/video", video)
    everything = events_of(client, clip)
    assert events_of(client, clip, after=5) == everything[5:]
    headers = {"Last-Event-ID": "7"}
    again = client.ask("GET", f"/clips/{clip}/events", headers=headers)
    assert parsed(again.body) == everything[7:]
    assert again.headers["content-type"].startswith("text/event-stream")
    assert events_of(client, clip, after=len(everything)) == []


def test_events_come_while_frames_are_at_work(tiny_assets: Path, video: bytes) -> None:
    with server(tiny_assets, seconds_a_frame=0.1) as client:
        clip = begin(client)
        client.ask("PUT", f"/clips/{clip}/video", video)
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
        connection.request(
            "GET", f"/clips/{clip}/events", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        answer, times = connection.getresponse(), []
        for line in answer:
            if line.startswith(b"event: frame"):
                times.append(time.monotonic())
        connection.close()
    assert len(times) == 12
    assert times[-1] - times[0] > 0.8  # not all at once


def test_a_cancelled_clip_keeps_what_was_made(tiny_assets: Path, video: bytes) -> None:
    with server(tiny_assets, seconds_a_frame=0.2) as client, ThreadPoolExecutor(1) as thread:
        clip = begin(client)
        client.ask("PUT", f"/clips/{clip}/video", video)
        listening = thread.submit(events_of, client, clip)
        time.sleep(0.5)
        asked = time.monotonic()
        assert client.ask("DELETE", f"/clips/{clip}").status == 204
        events = listening.result(10)
        assert time.monotonic() - asked < 1
        assert kinds(events)[-2:] == ["refined", "done"]
        assert 1 <= kinds(events).count("frame") < 12
        assert events[-1][2] == {"cancelled": True}
        assert client.ask("GET", f"/clips/{clip}/result").status == 200
        assert client.ask("DELETE", f"/clips/{clip}").status == 204
        assert client.ask("GET", f"/clips/{clip}/result").json["detail"]["code"] == "unknown_clip"


@pytest.mark.parametrize("question", [{}, {"frames": [1, 2]}])
def test_a_clip_that_was_never_sent_can_be_cancelled(client: Client, question: Any) -> None:
    clip = begin(client, **question)
    client.ask("DELETE", f"/clips/{clip}")
    assert events_of(client, clip) == [(1, "done", {"cancelled": True})]
    client.ask("DELETE", f"/clips/{clip}")


def test_a_sequence_that_is_cancelled_while_it_waits_for_frames(client: Client) -> None:
    clip = begin(client, frames=[1, 2, 3])
    client.ask("PUT", f"/clips/{clip}/frames/1", IMAGE)
    client.ask("DELETE", f"/clips/{clip}")
    assert kinds(events_of(client, clip))[-1] == "done"
    assert client.ask("PUT", f"/clips/{clip}/frames/2", IMAGE).status == 400


def test_a_clip_in_line_is_cancelled_at_once(tiny_assets: Path, video: bytes) -> None:
    with server(tiny_assets, seconds_a_frame=0.3) as client:
        first, second = begin(client), begin(client)
        for clip in (first, second):
            client.ask("PUT", f"/clips/{clip}/video", video)
        client.ask("DELETE", f"/clips/{second}")
        asked = time.monotonic()
        assert kinds(events_of(client, second)) == ["done"]
        assert time.monotonic() - asked < 1
        client.ask("DELETE", f"/clips/{first}")


def test_too_many_frames_at_once_have_to_wait(tiny_assets: Path) -> None:
    with server(tiny_assets, seconds_a_frame=0.5) as client:
        clip = begin(client, frames=list(range(40)))
        answers = [client.ask("PUT", f"/clips/{clip}/frames/{i}", IMAGE) for i in range(25)]
        refused = [answer for answer in answers if answer.status == 429]
        assert refused
        assert refused[0].headers["retry-after"] == "1"
        assert refused[0].json["detail"]["code"] == "wait"
        client.ask("DELETE", f"/clips/{clip}")


def test_a_photo_is_answered_while_a_clip_is_at_work(tiny_assets: Path, video: bytes) -> None:
    with server(tiny_assets, seconds_a_frame=0.3) as client:
        clip = begin(client)
        client.ask("PUT", f"/clips/{clip}/video", video)
        asked = time.monotonic()
        assert client.ask("POST", "/estimate", encoded(gradient())).status == 200
        assert time.monotonic() - asked < 1
        client.ask("DELETE", f"/clips/{clip}")


def test_a_bug_ends_the_clip_and_not_the_server(tiny_assets: Path, video: bytes) -> None:
    with server(tiny_assets, fails_at=4) as client:
        clip = begin(client)
        client.ask("PUT", f"/clips/{clip}/video", video)
        events = events_of(client, clip)
        assert kinds(events) == ["opened", "frame", "frame", "frame", "problem", "done"]
        assert events[4][2]["code"] == "internal"
        assert "a bug" not in events[4][2]["message"]
        assert client.ask("GET", "/health").status == 200


def test_a_full_disk_keeps_what_was_made(
    tiny_assets: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(log: event_module.EventLog, event: bytes) -> bool:
        if log.count < 4:
            return written(log, event)
        log.failure = OSError(errno.ENOSPC, "full")
        return False

    written = event_module.EventLog._written
    monkeypatch.setattr(event_module.EventLog, "_written", full)
    with server(tiny_assets) as client:
        clip = begin(client)
        client.ask("PUT", f"/clips/{clip}/video", video)
        events = events_of(client, clip)
        assert kinds(events) == ["opened", *["frame"] * 4, "problem", "refined", "done"]
        assert events[5][2]["code"] == "disk_full"
        assert client.ask("GET", f"/clips/{clip}/result").status == 200


def test_finished_clips_make_room_for_new_ones(tiny_assets: Path, video: bytes) -> None:
    with running(ClipFaker(), tiny_assets, max_clips=2) as client:
        first = begin(client)
        client.ask("PUT", f"/clips/{first}/video", video)
        events_of(client, first)
        begin(client)
        begin(client)
        assert client.ask("GET", f"/clips/{first}/events").status == 404
        full = client.ask("POST", "/clips", b"{}", JSON)
        assert (full.status, full.json["detail"]["code"]) == (503, "busy")


def test_files_are_gone_with_the_server(tiny_assets: Path, video: bytes) -> None:
    faker = ClipFaker()
    with running(faker, tiny_assets) as client:
        clip = begin(client)
        client.ask("PUT", f"/clips/{clip}/video", video)
        events_of(client, clip)
        folder = faker.runs[0].folder
        assert folder is not None
        assert folder.exists()
        assert not (folder / "video").exists()  # not needed any more
    assert not folder.exists()


def test_what_killed_servers_left_is_removed(
    tiny_assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, at_work, foreign = (tmp_path / n for n in ("hund-clip-1", "hund-clip-2", "photos"))
    for folder in (left, at_work, foreign):
        folder.mkdir()
        (folder / "events").touch()
        os.utime(folder / "events", (0, 0))
        os.utime(folder, (0, 0))
    os.utime(at_work / "events")
    with running(ClipFaker(), tiny_assets):
        assert sorted(tmp_path.iterdir()) == [at_work, foreign]


@pytest.mark.parametrize(
    "question",
    [
        {"fps": 0},
        {"fps": "fast"},
        {"step": 0},
        {"max_people": 9},
        {"frames": []},
        {"focal_px": -1},
        {"unknown": 1},
    ],
)
def test_bad_questions(client: Client, question: Any) -> None:
    answer = client.ask("POST", "/clips", json.dumps(question).encode(), JSON)
    assert (answer.status, answer.json["detail"]["code"]) == (400, "bad_request")


def test_what_was_not_announced_is_refused(client: Client, video: bytes) -> None:
    of_video, of_images = begin(client), begin(client, frames=[1])
    assert client.ask("PUT", f"/clips/{of_video}/frames/1", IMAGE).status == 400
    assert client.ask("PUT", f"/clips/{of_images}/video", video).status == 400
    assert client.ask("PUT", f"/clips/{of_images}/frames/2", IMAGE).status == 400
    assert client.ask("PUT", "/clips/nothing/video", video).status == 404
    for clip in (of_video, of_images):
        client.ask("DELETE", f"/clips/{clip}")


def test_an_upload_that_breaks_off_can_be_sent_again(client: Client, video: bytes) -> None:
    clip = begin(client)
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    connection.putrequest("PUT", f"/clips/{clip}/video")
    connection.putheader("Authorization", f"Bearer {TOKEN}")
    connection.putheader("Content-Length", str(len(video)))
    connection.endheaders(video[:1000])
    connection.close()
    deadline = threading.Event()
    deadline.wait(0.2)
    assert client.ask("PUT", f"/clips/{clip}/video", video).status == 204
    assert kinds(events_of(client, clip))[-2:] == ["refined", "done"]
