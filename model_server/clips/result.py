# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's motion as a file: `.npz` without pickle, described in docs/protocol.md."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray
from model_server.camera import Camera
from model_server.clips.recording import Names
from model_server.clips.source import ClipInfo

FORMAT: Final = "hund-clip"
VERSION: Final = 1


@dataclass(frozen=True)
class Motion:
    """One person in F frames; camera frame, metres, WXYZ. Fields are named as in the file."""

    frames: NDArray[np.int32]  # (F,) numbers, ascending
    seen: NDArray[np.uint8]  # (F,) 1, or 0 where the frames around told
    root: FloatArray  # (F, 4) cam_from_body
    translation: FloatArray  # (F, 3) the root bone's head
    rotations: FloatArray  # (F, B, 4) relative to the parent
    phenotypes: FloatArray  # (P,) 0…1
    facial_actions: FloatArray  # (F, A) 0…1
    confidence: FloatArray  # (F, B) 0…1
    box: FloatArray  # (F, 4) pixels: x, y, width, height
    gravity: FloatArray  # (3,) unit, down
    floor: FloatArray  # (1,) the camera's height above it, NaN where unknown
    keypoints: FloatArray  # (F, 17, 3) COCO joints of the body
    feet: FloatArray  # (F, 2, 3, 3) left, right; ankle, heel, toe tip


@dataclass(frozen=True)
class ClipResult:
    info: ClipInfo
    camera: Camera
    names: Names
    motions: Mapping[int, Motion]  # by track

    def header(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "fps": self.info.fps,
            "width": self.info.width,
            "height": self.info.height,
            "focal_px": self.camera.focal_px,
            "center_px": list(self.camera.center_px),
            "rig": self.names.rig,
            "bones": list(self.names.bones),
            "phenotypes": list(self.names.phenotypes),
            "facial_actions": list(self.names.facial_actions),
            "source": self.info.name,
            "tracks": list(self.motions),
        }

    def save(self, path: Path) -> None:
        """Write the file; a file of that name stays as it is until the new one is complete."""
        partial = path.with_name(path.name + ".partial")
        try:
            with partial.open("wb") as file:
                np.savez(file, **self._arrays())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        header = np.frombuffer(json.dumps(self.header()).encode(), np.uint8)
        return {"header": header} | {
            f"track{track}/{field.name}": getattr(motion, field.name)
            for track, motion in self.motions.items()
            for field in fields(motion)
        }
