# SPDX-License-Identifier: GPL-3.0-or-later
"""The descent network behind a protocol, and its one implementation on ONNX Runtime.

This file is the only place at run time that knows the names inside the graph;
`learning/export_onnx.py` writes them.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from model_server.arrays import FloatArray
from model_server.errors import InternalError
from model_server.execution import open_on_best, open_on_cpu

CONFIG_KEY: Final = "hund"  # of the graph's metadata
CERTAIN: Final = 2.0  # the visibility of landmarks that somebody has put where they belong


@dataclass(frozen=True)
class Evidence:
    """What was seen of B looks at people. Field names are the graph's inputs."""

    landmarks_px: FloatArray  # (B, 33, 2) pixels of the photo
    visibility: FloatArray  # (B, 33) 0…1, or `CERTAIN`
    world: FloatArray  # (B, 33, 3) metres from the middle of the hips; x right, y down, z forward
    depth: FloatArray  # (B, 33) pixels away from the camera relative to the hips
    focal_px: FloatArray  # (B,)
    center_px: FloatArray  # (B, 2)
    ends: FloatArray  # (B, 3, 3, 3) cam_from_bone of head, left and right wrist, as seen from near
    ends_trust: FloatArray  # (B, 3) 0…1, 0 where they were not
    features: FloatArray  # (B, F) of the picture, as are all that follow
    parts: FloatArray  # (B, 15, 16, 16) 0…1, shares of the crop's cells
    crop_px: FloatArray  # (B, 3) left, top, side
    heat_px: FloatArray  # (B, 33, 2) where the encoder sees the landmarks
    heat_trust: FloatArray  # (B, 33) 0…1
    present: FloatArray  # (B, 1) 1 where the picture was read, else 0


@dataclass(frozen=True)
class Before:
    """Where the descents of B looks may begin besides at a guess: with what was found of the same
    people in the frame of a clip before. Field names are the graph's inputs.
    """

    start_rotations: FloatArray  # (B, J, 3, 3) as in `Posed`, as are the next four
    start_root: FloatArray  # (B, 3, 3)
    start_translation: FloatArray  # (B, 3)
    start_phenotypes: FloatArray  # (B, 6)
    start_memory: FloatArray  # (B, M)
    start_there: FloatArray  # (B, 1) 1 for people who were there, else 0 and nothing above counts
    start_body: FloatArray  # (B, 1) 1 for people whose phenotypes are known and stay

    @classmethod
    def nowhere(cls, count: int, config: "DescentConfig") -> "Before":
        """Of photos: nobody was there before."""
        return cls(
            start_rotations=np.zeros((count, len(config.pose_bones), 3, 3), np.float32),
            start_root=np.zeros((count, 3, 3), np.float32),
            start_translation=np.zeros((count, 3), np.float32),
            start_phenotypes=np.zeros((count, len(config.phenotypes)), np.float32),
            start_memory=np.zeros((count, config.memory), np.float32),
            start_there=np.zeros((count, 1), np.float32),
            start_body=np.zeros((count, 1), np.float32),
        )


@dataclass(frozen=True)
class Posed:
    """The body that explains the evidence. Field names are outputs of the graph."""

    rotations: FloatArray  # (B, J, 3, 3) relative to the parent bone, J = config.pose_bones
    root: FloatArray  # (B, 3, 3) cam_from_body
    translation: FloatArray  # (B, 3) metres, the root bone's head in the camera frame
    phenotypes: FloatArray  # (B, 6) 0…1
    keypoints_cam: FloatArray  # (B, 17, 3) COCO joints, metres in the camera frame
    landmarks_cam: FloatArray  # (B, 33, 3) the detector's landmarks on the body, likewise
    energy: FloatArray  # (B,) what of the evidence stays unexplained
    memory: FloatArray  # (B, M) what the descent knows besides, for the next frame of a clip


@dataclass(frozen=True)
class DescentConfig:
    """What the graph says of itself."""

    rig: str
    pose_bones: tuple[str, ...]
    phenotypes: tuple[str, ...]
    memory: int  # numbers that the descent remembers of a person


class DescentSession(Protocol):
    @property
    def config(self) -> DescentConfig: ...

    def run(self, evidence: Evidence, before: Before | None = None) -> Posed: ...


class OnnxDescent:
    """The exported descent. Safe to use from several threads."""

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        """Load the graph at `path`; `threads` 0 leaves their number to ONNX Runtime."""
        self._session = open_session(path, threads)
        self._outputs = [field.name for field in fields(Posed)]
        self._config = _read_config(self._session)

    @property
    def config(self) -> DescentConfig:
        return self._config

    def run(self, evidence: Evidence, before: Before | None = None) -> Posed:
        before = before or Before.nowhere(len(evidence.focal_px), self._config)
        feed = {
            field.name: np.ascontiguousarray(getattr(given, field.name), np.float32)
            for given in (evidence, before)
            for field in fields(given)
        }
        return Posed(*self._session.run(self._outputs, feed))


def open_session(path: Path, threads: int, *, gpu: bool = False) -> Any:
    """ONNX Runtime's session of the graph at `path`; an error says what to do where it is not.

    With `gpu` on one that is there. Descents stay off it: their many small operations take three
    times as long to start there as they take on a processor (`benchmarks.gpu`).
    """
    import onnxruntime

    if not path.is_file():
        raise InternalError(
            f"The network {path.name} is missing from {path.parent}.",
            "Install the package again, or export the network with model_server.learning.",
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait for the next photo or frame must not keep cores from the detectors.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return open_on_best(path, options) if gpu else open_on_cpu(path, options)


def _read_config(session: Any) -> DescentConfig:
    try:
        config = json.loads(session.get_modelmeta().custom_metadata_map[CONFIG_KEY])
        return DescentConfig(
            config["rig"],
            tuple(config["pose_bones"]),
            tuple(config["phenotypes"]),
            config["network"]["memory"],
        )
    except (KeyError, ValueError) as error:
        raise InternalError(
            "The network does not say which bones it poses.", "Export it again with this version."
        ) from error
