# SPDX-License-Identifier: GPL-3.0-or-later
"""The small face inside the descent: who it is and what it does, to the detector's points."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from model_server.learning.faces.anatomy import Anatomy
from model_server.learning.faces.points import POINTS


class FaceModel(nn.Module):
    """Points of the face in the head's rest axes (x left, y back, z up), metres, around the middle
    of the resting face. Identity is in standard deviations along the directions in which faces
    differ most.
    """

    mean: Tensor  # (P, 3)
    basis: Tensor  # (I, P * 3)
    moves: Tensor  # (A, P * 3)

    def __init__(self, identity: int, actions: int) -> None:
        super().__init__()
        count = len(POINTS)
        self.register_buffer("mean", torch.zeros(count, 3))
        self.register_buffer("basis", torch.zeros(identity, count * 3))
        self.register_buffer("moves", torch.zeros(actions, count * 3))

    @torch.no_grad()
    def learn(self, resting: Tensor, points: Anatomy) -> None:
        """Take the directions of identity from resting faces (N, P, 3) and the actions' moves."""
        centred = resting - resting.mean(1, keepdim=True)
        self.mean.copy_(centred.mean(0))
        spread = (centred - self.mean).flatten(1).double()
        _, sizes, directions = torch.linalg.svd(spread, full_matrices=False)
        deviations = sizes / np.sqrt(len(spread))
        kept = len(self.basis)
        self.basis.copy_((deviations[:kept, None] * directions[:kept]).float())
        self.moves.copy_(torch.from_numpy(points.moves).flatten(1))

    def identity_of(self, resting: Tensor) -> tuple[Tensor, Tensor]:
        """Resting faces (N, P, 3) → identity (N, I), middle of the face (N, 3) in rest axes."""
        middle = resting.mean(1)
        spread = (resting - middle[:, None] - self.mean).flatten(1)
        return spread @ (self.basis / self.basis.square().sum(1, keepdim=True)).T, middle

    def expression(self, actions: Tensor) -> Tensor:
        """How far the points (B, P, 3) of a resting face move with actions (B, A)."""
        return (actions @ self.moves).unflatten(1, (-1, 3))

    def shown(self) -> Tensor:
        """How far each action (A,) moves the points, relative to the others, within limits."""
        moved = self.moves.unflatten(1, (-1, 3)).norm(dim=2).mean(1)
        return (moved / moved.median()).clamp(0.3, 2.0)

    def forward(self, identity: Tensor, actions: Tensor) -> Tensor:
        """Identity (B, I), actions (B, A) → points (B, P, 3)."""
        resting = self.mean + (identity @ self.basis).unflatten(1, (-1, 3))
        return resting + self.expression(actions)
