# SPDX-License-Identifier: GPL-3.0-or-later
"""What the descent minimises at run time, and its parts, which every stage sees."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model_server.learning.network.evidence import Evidence, radius
from model_server.learning.network.state import LANDMARKS, Posed


@dataclass(frozen=True)
class Residuals:
    """How a posed body disagrees with the evidence."""

    points: Tensor  # (B, 33, 2) projected minus seen, in extents
    world: Tensor  # (B, 33, 3) posed minus seen, hip-centred, relative to their radius
    energies: Tensor  # (B, 3) reprojection, depth hints, shape


def compare(posed: Posed, evidence: Evidence) -> Residuals:
    """Residuals of a posed body; reprojection counts robustly and by trust."""
    points = posed.points[:, :LANDMARKS] - evidence.points
    world = relative_world(posed.landmarks[:, :LANDMARKS]) - evidence.world
    trust = evidence.trust / evidence.trust.sum(1, keepdim=True)
    reprojection = (trust * robust(points)).sum(1)
    depth = (trust * robust(world)).sum(1)
    shape = (posed.phenotypes - 0.5).square().mean(1)
    return Residuals(points, world, torch.stack([reprojection, depth, shape], 1))


def total(residuals: Residuals) -> Tensor:
    """The energy (B,): reprojection leads, the detector's depth hints second, an average shape
    last.
    """
    reprojection, depth, shape = residuals.energies.unbind(1)
    return reprojection + 0.3 * depth + 0.02 * shape


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
