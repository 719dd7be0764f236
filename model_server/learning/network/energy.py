# SPDX-License-Identifier: GPL-3.0-or-later
"""What the descent minimises at run time, and its parts, which every stage sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model_server.learning.network.alignment import Alignment, align
from model_server.learning.network.config import TERMS
from model_server.learning.network.evidence import Evidence, radius
from model_server.learning.network.picture import Sight
from model_server.learning.network.state import LANDMARKS, Posed
from model_server.learning.priors import BODY_FLOW, load_flow


@dataclass(frozen=True)
class Residuals:
    """How a posed body disagrees with the evidence."""

    points: Tensor  # (B, 33, 2) projected minus seen, in extents
    second: Tensor  # (B, 33, 2) the same against the encoder's places, zero where it saw nothing
    world: Tensor  # (B, 33, 3) posed minus seen, hip-centred, relative to their radius
    ends: Tensor  # (B, 3, 6) posed minus seen, two columns of each turn, by trust
    alignment: Alignment
    latent: Tensor  # (B, 63) the pose as the prior sees it, standard normal for people
    energies: Tensor  # (B, len(TERMS)), 0 where a term is left out


class Energy(nn.Module):
    """Compares posed bodies with evidence; holds the prior, which knows which poses people take."""

    def __init__(self, terms: Sequence[str] = tuple(TERMS)) -> None:
        super().__init__()
        self.terms = [float(term in terms) for term in TERMS]
        self.prior = load_flow(BODY_FLOW).requires_grad_(False)

    def forward(self, posed: Posed, evidence: Evidence, sight: Sight) -> Residuals:
        """Residuals of a posed body; reprojection counts robustly and by trust."""
        projected = posed.points[:, :LANDMARKS]
        points, second = projected - evidence.points, projected - sight.heat
        world = relative_world(posed.landmarks[:, :LANDMARKS]) - evidence.world
        turned = posed.ends - evidence.ends
        skin = posed.points[:, posed.points.shape[1] - posed.facing.shape[1] :]
        alignment = align(skin, posed.facing, sight)
        cover, stay = alignment.energies.unbind(1)
        latent = self.prior.to_latent(posed.rotations[:, 1:])
        energies = [
            by_trust(robust(points), evidence.trust),
            by_trust(robust(second), sight.heat_trust),
            by_trust(robust(world), evidence.trust),
            by_trust(robust(turned.flatten(2) / 2**0.5), evidence.ends_trust),  # radians, nearly
            cover,
            stay,
            latent.square().mean(1).log1p(),  # impossible poses must not drown the rest
            (posed.phenotypes - 0.5).square().mean(1),
        ]
        seen = (sight.heat_trust > 0)[..., None]
        terms = torch.stack(energies, 1) * points.new_tensor(self.terms)
        ends = evidence.ends_trust[..., None] * turned[..., :2].flatten(2)
        return Residuals(points, second * seen, world, ends, alignment, latent, terms)


def total(residuals: Residuals) -> Tensor:
    """The energy (B,), its terms weighted."""
    return residuals.energies @ residuals.energies.new_tensor(list(TERMS.values()))


def by_trust(lengths: Tensor, trust: Tensor) -> Tensor:
    """Mean (B,) of lengths (B, L) weighted by trust (B, L); nothing where nothing is trusted."""
    return (trust * lengths).sum(1) / trust.sum(1).clamp(min=1e-3)


def robust(residual: Tensor) -> Tensor:
    """Charbonnier length (B, L) of residuals (B, L, D): smooth at 0, linear for outliers."""
    return (residual.square().sum(2) + 1e-4).sqrt()


def relative_world(landmarks: Tensor) -> Tensor:
    """Landmarks (B, 33, 3) hip-centred and divided by their radius, as the detector's world points
    are.
    """
    hips = landmarks[:, 23:25].mean(1, keepdim=True)
    centred = landmarks - hips
    return centred / radius(centred)
