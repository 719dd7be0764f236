# SPDX-License-Identifier: GPL-3.0-or-later
"""HMR's factorised adversarial prior: one judge per bone, one of the whole pose, one of the shape
(Kanazawa et al., CVPR 2018, least squares as there).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.network.state import JOINTS, PHENOTYPES


class Adversary(nn.Module):
    """Rotations (B, 22, 3, 3) and phenotypes (B, 6) → how real each aspect looks (B, 21 + 2)."""

    def __init__(self, features: int = 32, width: int = 256) -> None:
        super().__init__()
        self.shared = nn.Sequential(
            nn.Linear(6, features), nn.SiLU(), nn.Linear(features, features), nn.SiLU()
        )
        bones = JOINTS - 1  # the root may point anywhere
        self.bones = nn.Parameter(torch.randn(bones, features) / features**0.5)
        self.offsets = nn.Parameter(torch.zeros(bones))
        self.pose = nn.Sequential(
            nn.Linear(bones * features, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 1),
        )
        self.shape = nn.Sequential(
            nn.Linear(PHENOTYPES, features), nn.SiLU(), nn.Linear(features, 1)
        )

    def forward(self, rotations: Tensor, phenotypes: Tensor) -> Tensor:
        features = self.shared(six_from_matrix(rotations[:, 1:]))
        per_bone = (features * self.bones).sum(2) + self.offsets
        return torch.cat([per_bone, self.pose(features.flatten(1)), self.shape(phenotypes)], 1)


def price_of_fakes(verdict: Tensor) -> Tensor:
    """What the regressor pays (scalar) for bodies that are judged (B, N) unreal."""
    return (verdict - 1).square().sum(1).mean()


def price_of_mistakes(real: Tensor, fake: Tensor) -> Tensor:
    """What the judges pay (scalar) for verdicts (B, N) on real and fake bodies."""
    return (real - 1).square().sum(1).mean() + fake.square().sum(1).mean()
