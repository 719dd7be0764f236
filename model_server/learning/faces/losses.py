# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training of the face network minimises."""

from __future__ import annotations

import torch
from torch import Tensor

from model_server.learning.faces.batch import FaceTruth
from model_server.learning.faces.config import FaceLossWeights
from model_server.learning.faces.face_model import FaceModel
from model_server.learning.faces.network import PosedFace

_CENTIMETRES = 100.0


def stage_loss(
    posed: PosedFace, truth: FaceTruth, model: FaceModel, weights: FaceLossWeights
) -> Tensor:
    """Loss (B,) of one state."""
    actions = (model.shown() * wrong(posed.raw_actions, truth.actions)).mean(1)
    moved = model.expression(posed.actions - truth.actions)
    expression = _CENTIMETRES * (moved.square().sum(2) + 1e-8).sqrt().mean(1)
    points = (posed.points - truth.points).abs().clamp(max=3).mean((1, 2))
    rotation = ((posed.rotation - truth.rotation).square().sum((1, 2)) + 1e-6).sqrt()
    identity = (posed.identity - truth.identity).abs().mean(1)
    place = (posed.place - truth.place).abs().mean(1)
    return (
        weights.actions * actions
        + weights.expression * expression
        + weights.points * points
        + weights.rotation * rotation
        + weights.identity * identity
        + weights.place * place
    )


def wrong(raw: Tensor, actions: Tensor) -> Tensor:
    """Distance (B, A) of unbounded actions from the truth; beyond 0 and 1 they may be anything, as
    they are cut there.
    """
    low, high = actions <= 0, actions >= 1
    gap = raw - actions
    return torch.where(low, gap.clamp(min=0), torch.where(high, -gap.clamp(max=0), gap.abs()))


def trajectory_loss(
    stages: list[PosedFace], truth: FaceTruth, model: FaceModel, weights: FaceLossWeights
) -> Tensor:
    """Scalar over all stages; one that is worse than its predecessor pays extra."""
    losses = torch.stack([stage_loss(posed, truth, model, weights) for posed in stages])
    decay = losses.new_tensor([weights.decay**i for i in reversed(range(len(stages)))])
    setback = (losses[1:] - losses[:-1].detach()).clamp(min=0).mean()
    return (decay[:, None] * losses).sum(0).mean() / decay.sum() + weights.progress * setback
