# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is trained; saved in the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

from model_server.learning.network.config import METHODS, NetworkConfig
from model_server.learning.training.losses import LossWeights
from model_server.learning.training.regimes import Regime


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
    imagined: float = 0.8  # imagined people for each of them
    regime: Regime = "full"  # of people without labels, where there are any
    unlabelled: float = 0.5  # of them for each rendered one with labels
    learning_rate: float = 1e-3
    warm_up: int = 300
    weight_decay: float = 0.02
    average: float = 0.999  # decay of the running mean of the weights, which is what is kept
    clip: float = 1.0
    adversary: float = 0.0  # price of bodies that HMR's judges find unreal
    judges: JudgesConfig = field(default_factory=JudgesConfig)
    seed: int = 0
    half_precision: bool = (
        True  # bfloat16 inside the networks, four times as fast where the processor has it
    )
    network: NetworkConfig = field(default_factory=NetworkConfig)
    weights: LossWeights = field(default_factory=LossWeights)


def training_of(method: str) -> TrainConfig:
    """How a method of `METHODS` is trained: all alike, but HMR has judges for a prior."""
    return TrainConfig(network=METHODS[method], adversary=0.05 if method == "hmr" else 0.0)
