# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is trained; saved in the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from model_server.learning.network.config import ABLATIONS, METHODS, NetworkConfig
from model_server.learning.runs import half_precision_pays
from model_server.learning.training.losses import LossWeights
from model_server.learning.training.regimes import Regime

FLAWLESS: Final = "no-detector-errors"
TRAINABLE: Final = (*METHODS, *ABLATIONS, FLAWLESS)


@dataclass(frozen=True)
class JudgesConfig:
    """How the judges of bodies are trained beside the network, where there are any."""

    steps: int = 1_000_000  # at a rate that hardly falls
    learning_rate: float = 1e-4
    warm_up: int = 1
    weight_decay: float = 0.0
    average: float = 0.0
    clip: float = 10.0


@dataclass(frozen=True)
class TrainConfig:
    steps: int = 12_500
    batch: int = 320  # rendered people a step
    imagined: float = 0.25  # imagined people, whose pictures nobody has read, for each of them
    regime: Regime = "full"  # of people without labels, where there are any
    unlabelled: float = 0.5  # of them for each rendered one with labels
    detector_errors: bool = True  # else landmarks are the truth but for a little noise
    learning_rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 0.02
    average: float = 0.999  # decay of the running mean of the weights, which is what is kept
    clip: float = 1.0
    adversary: float = 0.0  # price of bodies that HMR's judges find unreal
    judges: JudgesConfig = field(default_factory=JudgesConfig)
    seed: int = 0
    half_precision: bool = field(default_factory=half_precision_pays)  # inside the networks
    network: NetworkConfig = field(default_factory=NetworkConfig)
    weights: LossWeights = field(default_factory=LossWeights)


def training_of(method: str) -> TrainConfig:
    """How one of `TRAINABLE` is trained: all alike, but HMR has judges for a prior."""
    if method == FLAWLESS:
        return TrainConfig(detector_errors=False)
    network = (METHODS | ABLATIONS)[method]
    return TrainConfig(network=network, adversary=0.05 if method == "hmr" else 0.0)
