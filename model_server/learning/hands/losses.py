# SPDX-License-Identifier: GPL-3.0-or-later
"""What training minimises: every stage is supervised, later ones more, and must make progress."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model_server.learning.hands.evidence import Evidence
from model_server.learning.hands.state import Posed, place_of


@dataclass(frozen=True)
class HandWeights:
    joints: float = 2.0  # palms, from the wrist
    bends: float = 2.0  # palms, joints as the palm sees them: the fingers without the wrist's turn
    fingers: float = 0.4  # Frobenius
    palm: float = 0.5  # Frobenius
    points: float = 0.5  # reprojection on the true points, extents
    place: float = 0.1  # lateral extents and log distance
    decay: float = 0.8  # weight of a stage relative to the next
    progress: float = 0.1  # price of a stage that is worse than the one before


def stage_loss(hand: Posed, truth: Posed, evidence: Evidence, weights: HandWeights) -> Tensor:
    """Loss (B,) of one state."""
    joints = lengths(hand.joints - truth.joints)
    bends = lengths(hand.joints @ hand.palm - truth.joints @ truth.palm)
    points = (hand.points - truth.points).abs().clamp(max=3).mean((1, 2))
    place = place_of(hand.middle, evidence.extent) - place_of(truth.middle, evidence.extent)
    return (
        weights.joints * joints
        + weights.bends * bends
        + weights.fingers * frobenius(hand.fingers - truth.fingers).mean(1)
        + weights.palm * frobenius(hand.palm - truth.palm)
        + weights.points * points
        + weights.place * place.abs().mean(1)
    )


def lengths(difference: Tensor) -> Tensor:
    """Mean length (B,) of differences (B, L, 3)."""
    return (difference.square().sum(2) + 1e-6).sqrt().mean(1)


def frobenius(difference: Tensor) -> Tensor:
    """(..., 3, 3) to (...)."""
    return (difference.square().sum((-1, -2)) + 1e-6).sqrt()


def trajectory_loss(
    stages: list[Posed], truth: Posed, evidence: Evidence, weights: HandWeights
) -> Tensor:
    """Scalar over all stages. A stage pays extra where it is worse than its predecessor."""
    losses = torch.stack([stage_loss(hand, truth, evidence, weights) for hand in stages])
    decay = losses.new_tensor([weights.decay**i for i in reversed(range(len(stages)))])
    setback = (losses[1:] - losses[:-1].detach()).clamp(min=0).mean()
    return (decay[:, None] * losses).sum(0).mean() / decay.sum() + weights.progress * setback
