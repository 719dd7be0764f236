# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of hands behind a protocol, and its one implementation on ONNX Runtime.

`learning/hands/export_onnx.py` writes the graph and the names inside it. It knows left hands only;
whoever calls it mirrors right ones (`hand_poses.py`).
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np

from model_server.arrays import FloatArray
from model_server.session import open_session


@dataclass(frozen=True)
class HandEvidence:
    """What was seen of B left hands. Field names are the graph's inputs."""

    landmarks_px: FloatArray  # (B, 21, 2) pixels of the photo
    world: FloatArray  # (B, 21, 3) metres, axes of a camera that looks straight at the hand
    confidence: FloatArray  # (B,) 0…1
    focal_px: FloatArray  # (B,)
    center_px: FloatArray  # (B, 2)
    features: FloatArray  # (B, F) of the picture, as are all that follow
    heat_px: FloatArray  # (B, 21, 2) where the encoder sees the landmarks
    heat_trust: FloatArray  # (B, 21) 0…1
    present: FloatArray  # (B, 1) 1 where the picture was read, else 0


@dataclass(frozen=True)
class PosedHands:
    """The hands that explain the evidence. Field names are outputs of the graph."""

    fingers: FloatArray  # (B, 15, 3, 3) relative to the parent bone, thumb first, outwards
    palm: FloatArray  # (B, 3, 3) cam_from_palm, away from the reference pose


class HandSession(Protocol):
    def run(self, evidence: HandEvidence) -> PosedHands: ...


class OnnxHands:
    """The exported descent of hands, with or without eyes for pictures. Safe to use from several
    threads.
    """

    def __init__(self, path: Path, *, threads: int = 0) -> None:
        self._session = open_session(path, threads)
        self._inputs = [str(given.name) for given in self._session.get_inputs()]
        self._outputs = [field.name for field in fields(PosedHands)]

    def run(self, evidence: HandEvidence) -> PosedHands:
        feed = {
            name: np.ascontiguousarray(getattr(evidence, name), np.float32) for name in self._inputs
        }
        return PosedHands(*self._session.run(self._outputs, feed))
