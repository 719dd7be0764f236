# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for what is slow or not there yet, and a client of nothing but the standard library."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from model_server.app import create_app
from model_server.camera import NO_FOCAL, GivenFocal, camera_of
from model_server.errors import BadRequestError
from model_server.estimate import Estimate, Person
from model_server.image import decode_photo
from model_server.keypoint_files import KeypointFile
from model_server.landmarks import PoseLandmarks
from model_server.pipeline import Estimator
from model_server.settings import Settings

TOKEN = "a-token-for-tests"


def made_up_pose(seed: int = 0, *, visibility: float = 0.9) -> PoseLandmarks:
    """A random but plausible look at somebody in a picture of about 300 pixels."""
    rng = np.random.default_rng(seed)
    world = rng.normal(0, 0.3, (33, 3)).astype(np.float32)
    return PoseLandmarks(
        landmarks_px=(world[:, :2] * 150 + 150).astype(np.float32),
        depth=world[:, 2] * np.float32(150),
        visibility=np.full(33, visibility, np.float32),
        presence=np.full(33, visibility, np.float32),
        world_m=world,
    )


@dataclass
class FakeEstimator:
    """Decodes the photo and finds nobody, after a while and never twice at a time."""

    seconds: float = 0.0
    at_work: int = 0
    most_at_work: int = 0
    fails: bool = False
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    detector: str | None = None
    keypoints: KeypointFile | None = None  # of the last photo
    calls: list[int] = field(default_factory=list)

    def estimate(
        self,
        content: bytes,
        *,
        focal: GivenFocal = NO_FOCAL,
        max_people: int = 8,
        keypoints: KeypointFile | None = None,
    ) -> Estimate:
        self.keypoints = keypoints
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            time.sleep(self.seconds)
            if self.fails:
                raise RuntimeError("a bug")
            photo = decode_photo(content)
            self.calls.append(max_people)
            camera = camera_of(photo.width, photo.height, photo.exif_focal_px, focal)
            return Estimate("nobody", photo.width, photo.height, camera, (), {"decode": 0.1})
        finally:
            self.at_work -= 1

    def correct(self, *_: object) -> Person:
        raise BadRequestError("There is no such person.", "Nobody is ever found.")

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    port: int
    token: str | None = TOKEN

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        token = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        try:
            connection.request(method, path, body, {**token, **(headers or {})})
            answer = connection.getresponse()
            return Answer(
                answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()


@contextmanager
def running(estimator: Estimator, assets: Path, **changes: Any) -> Iterator[Client]:
    """A real server in a thread of this process."""
    settings = Settings(token=TOKEN, assets=assets, **changes)
    config = uvicorn.Config(
        create_app(settings, lambda _: estimator), port=0, log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield Client(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
