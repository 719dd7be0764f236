# SPDX-License-Identifier: GPL-3.0-or-later
"""People who are known beforehand, and clips that are estimated without networks."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from model_server.body_params import BodyParams
from model_server.camera import Camera, camera_of
from model_server.clips.estimator import ClipOptions, PosedFrame
from model_server.clips.recording import Names, Recording, Tracked
from model_server.clips.result import ClipResult
from model_server.clips.source import ClipSource, Problem
from model_server.crops import Box
from model_server.estimate import Keypoints, Person
from model_server.landmarks import PersonLandmarks
from tests.server.doubles import FakeEstimator, made_up_pose

NAMES = Names("anny", ("spine03", "upperleg01.L", "upperleg01.R"), ("age",), ("jawOpen",))


def person(seed: int = 0) -> Person:
    pose = made_up_pose(seed)
    turns = dict.fromkeys(NAMES.bones, (1.0, 0.0, 0.0, 0.0))
    return Person(
        box=Box(10, 20, 30, 40),
        confidence=0.9,
        keypoints=Keypoints(np.zeros((17, 2)), np.zeros((17, 3)), np.ones(17)),
        landmarks=PersonLandmarks((pose,), np.ones((1, 33), np.float32)),
        joint_confidence=dict.fromkeys(NAMES.bones, 0.8),
        parameters=BodyParams(
            "anny", (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 3.0), turns, {"age": 0.6}, {"jawOpen": 0.2}
        ),
    )


@dataclass
class MadeUpRun:
    """One person in every frame."""

    source: ClipSource
    options: ClipOptions
    folder: Path | None = None
    seconds: float = 0.0
    fails_at: int | None = None
    made: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        info = self.source.info
        self.camera: Camera = camera_of(info.width, info.height, None, self.options.focal)
        self.recording = Recording(NAMES, self.folder)

    def frames(self) -> Iterator[PosedFrame | Problem]:
        for frame in self.source:
            if isinstance(frame, Problem):
                yield frame
                continue
            time.sleep(self.seconds)
            if frame.number == self.fails_at:
                raise RuntimeError("a bug")
            tracked = Tracked(1, person(), 0.5)
            self.recording.add(frame.number, frame.place, tracked)
            self.made.append(frame.number)
            yield PosedFrame(frame.number, [tracked])

    def result(self) -> ClipResult:
        return ClipResult(self.source.info, self.camera, NAMES, {})

    def close(self) -> None:
        self.recording.close()


@dataclass
class ClipFaker(FakeEstimator):
    """Estimates photos and clips without looking."""

    seconds_a_frame: float = 0.0
    fails_at: int | None = None
    runs: list[MadeUpRun] = field(default_factory=list)

    def clip(
        self, source: ClipSource, options: ClipOptions, folder: Path | None = None
    ) -> MadeUpRun:
        run = MadeUpRun(source, options, folder, self.seconds_a_frame, self.fails_at)
        self.runs.append(run)
        return run
