# SPDX-License-Identifier: GPL-3.0-or-later
"""What training minimises: every stage is supervised, later ones more, and every stage is rewarded
for progress.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model_server.learning.network.evidence import Evidence
from model_server.learning.network.state import LANDMARKS, Posed, place_of
from model_server.learning.training.batch import Truth


@dataclass(frozen=True)
class LossWeights:
    landmarks: float = 6.0  # metres, relative to the root
    joints: float = 6.0
    pose: float = 8.0  # metres, landmarks as the root sees them: the pose without its heading
    points: float = 4.0  # reprojection on the true points, extents, where the detector saw them
    rotations: float = 0.6  # Frobenius
    phenotypes: float = 0.4
    place: float = 0.3  # lateral extents and log distance
    decay: float = 0.8  # weight of a stage relative to the next
    progress: float = 0.1  # price of a stage that is worse than the one before
    descent: float = 1.0  # price of a stage whose energy is higher than the one before
    energy: float = 3.0  # of people without labels, so that reprojection weighs as `points` does


def stage_loss(posed: Posed, truth: Truth, evidence: Evidence, weights: LossWeights) -> Tensor:
    """Loss (B,) of one state."""
    landmarks = (posed.landmarks - truth.landmarks).abs().mean((1, 2))
    pose = (seen_by_root(posed) - seen_by_root(truth)).abs().mean((1, 2))
    joints = (posed.joints - truth.joints).abs().mean((1, 2))
    miss = (posed.points[:, :LANDMARKS] - truth.points[:, :LANDMARKS]).abs().clamp(max=3).mean(2)
    points = (evidence.trust * miss).sum(1) / evidence.trust.sum(1)
    rotations = ((posed.rotations - truth.rotations).square().sum((2, 3)) + 1e-6).sqrt().mean(1)
    phenotypes = (posed.phenotypes - truth.phenotypes).abs().mean(1)
    place = place_of(posed.translation, evidence.extent) - place_of(
        truth.translation, evidence.extent
    )
    return (
        weights.landmarks * landmarks
        + weights.joints * joints
        + weights.pose * pose
        + weights.points * points
        + weights.rotations * rotations
        + weights.phenotypes * phenotypes
        + weights.place * place.abs().mean(1)
    )


def seen_by_root(body: Posed | Truth) -> Tensor:
    """Landmarks (B, L, 3) in the root's own frame."""
    return body.landmarks @ body.rotations[:, 0]


def trajectory_loss(
    stages: list[Posed], energies: Tensor, truth: Truth, evidence: Evidence, weights: LossWeights
) -> Tensor:
    """Scalar over all stages, with their energies (M + 1, B). A stage pays extra where it is worse
    than its predecessor, by the truth (end progress) or by the energy it is to lower.
    """
    losses = torch.stack(
        [stage_loss(posed, truth, evidence, weights) for posed in stages]
    )  # (M + 1, B)
    supervised = later_more(losses, weights)
    return supervised + weights.progress * climb(losses) + weights.descent * climb(energies)


def energy_loss(energies: Tensor, weights: LossWeights) -> Tensor:
    """Scalar for people without labels: the energies (M + 1, B) of all stages are what is lowered,
    and a stage pays extra where it climbs.
    """
    return weights.energy * later_more(energies, weights) + weights.descent * climb(energies)


def later_more(losses: Tensor, weights: LossWeights) -> Tensor:
    """Mean of losses (M + 1, B) in which later stages weigh more."""
    decay = losses.new_tensor([weights.decay**i for i in reversed(range(len(losses)))])
    return (decay[:, None] * losses).sum(0).mean() / decay.sum()


def climb(losses: Tensor) -> Tensor:
    """How much stages of losses (M + 1, B) are worse than the one before, on average; 0 where there
    are none.
    """
    rises = (losses[1:] - losses[:-1].detach()).clamp(min=0)
    return rises.sum() / max(rises.numel(), 1)
