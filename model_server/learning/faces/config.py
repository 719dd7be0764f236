# SPDX-License-Identifier: GPL-3.0-or-later
"""What defines a face network and its training; saved in every checkpoint and in the graph."""

from __future__ import annotations

from dataclasses import dataclass, field

from model_server.learning.runs import half_precision_pays


@dataclass(frozen=True)
class FaceNetworkConfig:
    stages: int = 4  # descent stages after the first guess
    context: int = 160  # features of the evidence, read once
    memory: int = 128
    hidden: int = 192
    context_blocks: int = 3
    stage_blocks: int = 1
    identity: int = 24  # directions in which resting faces differ
    step: float = 0.1  # scale of an increment, so that an untrained stage moves little


@dataclass(frozen=True)
class FaceLossWeights:
    actions: float = 4.0  # 0…1, by how much an action shows
    expression: float = 3.0  # centimetres that points of the face are moved wrongly
    points: float = 2.0  # reprojection, extents
    rotation: float = 1.0  # Frobenius
    identity: float = 0.1  # standard deviations
    place: float = 0.3  # extents and log distance
    decay: float = 0.8  # weight of a stage relative to the next
    progress: float = 0.1  # price of a stage that is worse than the one before


@dataclass(frozen=True)
class FaceTrainConfig:
    steps: int = 4000
    batch: int = 128  # rendered faces a step, and as many imagined ones
    learning_rate: float = 2e-3
    warm_up: int = 200
    weight_decay: float = 0.02
    average: float = 0.998
    clip: float = 1.0
    seed: int = 0
    half_precision: bool = field(default_factory=half_precision_pays)
    network: FaceNetworkConfig = field(default_factory=FaceNetworkConfig)
    weights: FaceLossWeights = field(default_factory=FaceLossWeights)
