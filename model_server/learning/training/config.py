# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is trained; saved in the checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from model_server.learning.network.config import NetworkConfig
from model_server.learning.training.losses import LossWeights


@dataclass(frozen=True)
class TrainConfig:
    steps: int = 12_500
    batch: int = 320  # rendered people a step
    imagined: float = 0.8  # imagined people for each of them
    learning_rate: float = 1e-3
    warm_up: int = 300
    weight_decay: float = 0.02
    average: float = 0.999  # decay of the running mean of the weights, which is what is kept
    clip: float = 1.0
    seed: int = 0
    half_precision: bool = (
        True  # bfloat16 inside the networks, four times as fast where the processor has it
    )
    network: NetworkConfig = field(default_factory=NetworkConfig)
    weights: LossWeights = field(default_factory=LossWeights)


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then down to a hundredth along a cosine."""
    warm = min(1.0, (step + 1) / config.warm_up)
    done = min(1.0, step / config.steps)
    return config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
