# SPDX-License-Identifier: GPL-3.0-or-later
"""A local Ray: skipped where it is not installed (docs/pipelines.md says how)."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import model_server
from model_server.camera import NO_FOCAL
from model_server.clips.batch import Task
from model_server.clips.estimator import ClipOptions
from model_server.clips.timeline import Wanted
from model_server.cluster import done_on_ray, start_on_ray
from model_server.settings import Settings
from tests.server.clips.made_videos import write_video
from tests.server.doubles import TOKEN, Client
from tests.server.pictures import GRACE_HOPPER

ray = pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    root = str(Path(model_server.__file__).parents[1])
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": root}},
    )
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def settings(tiny_assets: Path) -> Settings:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limits = {"max_body_bytes": 1_000_000, "max_clip_bytes": 1_000_000}
    return Settings(token=TOKEN, assets=tiny_assets, port=port, threads=1, **limits)


@pytest.fixture(scope="module")
def client(cluster: None, settings: Settings) -> Iterator[Client]:
    from ray import serve

    yield Client(start_on_ray(settings, "auto"))
    serve.shutdown()


def test_a_batch_writes_what_it_can(cluster: None, settings: Settings, tmp_path: Path) -> None:
    clips = [write_video(tmp_path / f"{i}.mp4", 3) for i in range(3)]
    clips[1].write_text("no video")
    options = ClipOptions(4, NO_FOCAL, hands=False, face=False)
    tasks = [Task(clip, clip.with_suffix(".npz"), Wanted(), options) for clip in clips]
    outcomes = {outcome.clip: outcome for outcome in done_on_ray(tasks, settings, "auto", 2)}
    assert [bool(outcomes[clip].failure) for clip in clips] == [False, True, False]
    assert [task.output.exists() for task in tasks] == [True, False, True]
    with np.load(tasks[0].output, allow_pickle=False) as motion:
        assert json.loads(bytes(motion["header"]))["source"] == "0.mp4"


def test_a_photo_through_the_proxy(client: Client) -> None:
    answer = client.ask("POST", "/estimate", GRACE_HOPPER.read_bytes())
    assert len(answer.json["people"]) == 1


def test_the_token_and_the_host_count(client: Client) -> None:
    assert client.ask("GET", "/health").status == 200
    assert Client(client.port, "wrong").ask("GET", "/health").status == 401
    assert Client(client.port, None).ask("GET", "/health").status == 401
    assert client.ask("GET", "/health", headers={"Host": "evil.example"}).status == 421


def test_what_is_too_large_is_refused(client: Client) -> None:
    answer = client.ask("POST", "/estimate", b"x" * 1_500_000)
    assert (answer.status, answer.json["detail"]["code"]) == (413, "too_large")
    clip = client.ask("POST", "/clips", b"{}", JSON).json["id"]
    assert client.ask("PUT", f"/clips/{clip}/video", b"x" * 1_500_000).status == 413
    client.ask("DELETE", f"/clips/{clip}")


def test_clips_are_found_again_by_every_request(client: Client, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", 6).read_bytes()
    clips = [client.ask("POST", "/clips", b"{}", JSON).json["id"] for _ in range(3)]
    for clip in clips:
        assert client.ask("PUT", f"/clips/{clip}/video", video).status == 204
    for clip in clips:
        events = client.ask("GET", f"/clips/{clip}/events").body.decode()
        assert events.count("event: frame") == 6
        assert "event: done" in events
        assert client.ask("GET", f"/clips/{clip}/result").status == 200
        assert client.ask("DELETE", f"/clips/{clip}").status == 204
        assert client.ask("GET", f"/clips/{clip}/result").status == 404


def test_a_cancelled_clip_ends(client: Client, tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", 250).read_bytes()
    clip = client.ask("POST", "/clips", b"{}", JSON).json["id"]
    client.ask("PUT", f"/clips/{clip}/video", video)
    time.sleep(0.2)
    assert client.ask("DELETE", f"/clips/{clip}").status == 204
    events = client.ask("GET", f"/clips/{clip}/events").body.decode()
    assert '{"cancelled": true}' in events
