# SPDX-License-Identifier: GPL-3.0-or-later
"""What defines an image encoder and its training; saved in its checkpoint, the former also in the
exported graph.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from model_server.learning.body.parts import PART_NAMES
from model_server.learning.runs import half_precision_pays

MAP_PX: Final = 32  # side of its heat maps and part maps
PARTS: Final = len(PART_NAMES)


@dataclass(frozen=True)
class EncoderConfig:
    stem: int = 32  # channels at half the crop's resolution
    widths: tuple[int, int, int] = (64, 96, 192)  # at 32, 16 and 8 pixels
    blocks: tuple[int, int, int] = (1, 2, 3)  # residual blocks there
    decoder: int = 64  # channels of the maps' way back up
    hidden: int = 320  # width between what is seen and the features
    features: int = 256  # context for the descent


@dataclass(frozen=True)
class Weights:
    parts: float = 1.0
    heat: float = 0.3
    places: float = 4.0  # crop sides
    landmarks: float = 6.0  # metres
    rotations: float = 1.0
    phenotypes: float = 1.5


@dataclass(frozen=True)
class CropTraining:
    """How encoders of crops are taught, of bodies, hands and faces alike."""

    steps: int = 8000
    batch: int = 96
    learning_rate: float = 2e-3
    warm_up: int = 200
    weight_decay: float = 0.02
    average: float = 0.998
    clip: float = 1.0
    seed: int = 0
    half_precision: bool = field(default_factory=half_precision_pays)


@dataclass(frozen=True)
class EncoderTraining(CropTraining):
    trunk: float = 0.0  # share of the rate for the detector's layers; 0 leaves them as they are
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    weights: Weights = field(default_factory=Weights)
