# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands and faces: what is different about their encoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model_server.learning.details.lesson import Lesson
from model_server.learning.encoder.crop_encoder import CropContents
from model_server.learning.faces import lesson as faces
from model_server.learning.faces.points import DETECTED, POINTS
from model_server.learning.faces.train import HELD_OUT as HELD_OUT_FACES
from model_server.learning.hands import lesson as hands
from model_server.learning.hands.hand_model import LANDMARKS
from model_server.learning.hands.train import HELD_OUT as HELD_OUT_HANDS


@dataclass(frozen=True)
class Kind:
    """How the encoder of one kind is taught, and which files are its own."""

    name: str
    load: Callable[[list[Path]], Lesson]  # of some shards
    contents: CropContents
    detected: int  # landmarks that the detector tells
    landmarks: tuple[int, ...]  # those of them that the encoder knows
    split: Callable[[int], tuple[np.ndarray, np.ndarray]]  # held-out rows, and the others

    @property
    def samples(self) -> Path:
        return Path(".cache/samples") / self.name

    @property
    def checkpoint(self) -> Path:
        return Path(".cache/runs") / f"{self.name}_encoder.pt"

    @property
    def asset(self) -> Path:
        return Path(__file__).parents[2] / "assets" / f"{self.name}_encoder.onnx"


def without_last_hands(count: int) -> tuple[np.ndarray, np.ndarray]:
    """As the descent of hands holds out."""
    kept = round((1 - HELD_OUT_HANDS) * count)
    return np.arange(kept, count), np.arange(kept)


def without_first_faces(count: int) -> tuple[np.ndarray, np.ndarray]:
    """As the descent of faces holds out."""
    return np.arange(HELD_OUT_FACES), np.arange(HELD_OUT_FACES, count)


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "hands",
            hands.load,
            hands.CONTENTS,
            LANDMARKS,
            tuple(range(LANDMARKS)),
            without_last_hands,
        ),
        Kind("faces", faces.load, faces.CONTENTS, DETECTED, POINTS, without_first_faces),
    )
}
