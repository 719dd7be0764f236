# SPDX-License-Identifier: GPL-3.0-or-later
"""The face network behind a protocol: points of a face, and what was read in its picture, to its
expression and how it is turned.

This file is the only place at run time that knows the names inside the graph;
`learning/faces/export.py` writes them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from model_server.arrays import FloatArray
from model_server.bones import Array
from model_server.camera import Camera
from model_server.errors import InternalError
from model_server.landmarks import DetailReading, FaceLandmarks
from model_server.session import CONFIG_KEY, open_session

_LEAST: Final = 0.05  # an action below cannot be seen
_CLEAR_PX: Final = (25.0, 50.0)  # larger side of a face, from where it is believed, and fully
_DIGITS: Final = 3


@dataclass(frozen=True)
class SeenFace:
    """What a face does."""

    actions: Mapping[str, float]  # 0…1; those that are not named are at rest
    cam_from_head: Array | None = None  # (3, 3) from the axes of the head at rest, the body's
    clarity: float = 1.0  # 0…1, small faces are guessed by the detector rather than seen


class FaceSession(Protocol):
    @property
    def actions(self) -> tuple[str, ...]:
        """Names of all that it can see."""
        ...

    def run(self, face: FaceLandmarks, camera: Camera) -> SeenFace: ...


class OnnxFace:
    """The exported network, with or without eyes for pictures. Safe to use from several threads."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Load the graph at `path`; `threads` 0 leaves their number to ONNX Runtime."""
        self._session = open_session(path, threads)
        self._inputs = {str(given.name): given for given in self._session.get_inputs()}
        try:
            config = json.loads(self._session.get_modelmeta().custom_metadata_map[CONFIG_KEY])
            self._names: tuple[str, ...] = tuple(config["facial_actions"])
        except (KeyError, ValueError) as error:
            raise InternalError(
                "The face network does not name its actions.", "Export it again with this version."
            ) from error

    @property
    def actions(self) -> tuple[str, ...]:
        return self._names

    def run(self, face: FaceLandmarks, camera: Camera) -> SeenFace:
        """One face, in pixels of the camera's photo."""
        feed = {
            "landmarks_px": face.landmarks_px[None],
            "depth": face.depth[None],
            "focal_px": np.array([camera.focal_px], np.float32),
            "center_px": np.array([camera.center_px], np.float32),
            **self._read(face),
        }
        actions, turns = self._session.run(["actions", "cam_from_head"], feed)
        clarity = _clarity(face)
        seen = {
            name: round(float(value), _DIGITS)
            for name, value in zip(self._names, clarity * actions[0], strict=True)
            if value > _LEAST
        }
        return SeenFace(seen, np.asarray(turns[0], np.float64), clarity)

    def _read(self, face: FaceLandmarks) -> dict[str, FloatArray]:
        """What was read in the picture, for a graph that wants to know."""
        if "heat_px" not in self._inputs:
            return {}
        known = int(self._inputs["heat_px"].shape[1])
        reading = face.reading or DetailReading.nothing(face.landmarks_px[:known])
        return {
            "features": reading.features[None],
            "heat_px": reading.heat_px[None],
            "heat_trust": reading.heat_trust[None],
            "present": np.array([[face.reading is not None]], np.float32),
        }


def _clarity(face: FaceLandmarks) -> float:
    least, full = _CLEAR_PX
    side = float(np.ptp(face.landmarks_px, axis=0).max())
    return float(np.clip((side - least) / (full - least), 0, 1))
