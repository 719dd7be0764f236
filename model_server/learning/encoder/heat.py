# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks as maps and maps as landmarks. Places are in crop sides, 0…1 inside of the crop."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from model_server.learning.encoder.config import MAP_PX

LANDMARK_SIGMA: Final = 1.5 / MAP_PX  # of the maps that tell the encoder where landmarks are
SPREAD: Final = 1.0 / MAP_PX  # of the true heat maps
SURE_PEAK: Final = 0.16  # of a Gaussian one cell wide, as the heat maps are taught to be


def landmark_maps(landmarks: Tensor, visibility: Tensor) -> Tensor:
    """Gaussians (B, L, M, M) around landmarks (B, L, 2), weighted by visibility (B, L)."""
    reach = ((centres(landmarks) - landmarks[..., None]) / LANDMARK_SIGMA).square()
    x, y = reach.mul(-0.5).exp().unbind(2)  # (B, L, M) each
    return visibility[..., None, None] * y[..., :, None] * x[..., None, :]


def places(heat: Tensor) -> tuple[Tensor, Tensor]:
    """Heat map logits (B, L, M, M) → expected places (B, L, 2) and how concentrated they are (B,
    L), 0…1.
    """
    chance = heat.flatten(2).softmax(2)
    middles, grid = centres(heat), chance.unflatten(2, (MAP_PX, MAP_PX))
    across, along = (grid.sum(2) * middles).sum(2), (grid.sum(3) * middles).sum(2)
    return torch.stack([across, along], 2), chance.amax(2)


def trust_of(peak: Tensor) -> Tensor:
    """How much to believe heat maps (B, L), 0…1, by how concentrated they are."""
    return (peak / SURE_PEAK).clamp(max=1)


def inside(true_places: Tensor) -> Tensor:
    """Which places (B, L, 2) lie in the crop (B, L); the others do not count for the maps."""
    return ((true_places > 0) & (true_places < 1)).all(2)


def heat_loss(heat: Tensor, true_places: Tensor) -> Tensor:
    """Cross entropy (B, L) of heat maps with Gaussians around the true places."""
    reach = -0.5 * ((centres(heat) - true_places[..., None]) / SPREAD).square()
    x, y = reach.softmax(3).unbind(2)
    aim = (y[..., :, None] * x[..., None, :]).flatten(2)
    return -(aim * heat.flatten(2).log_softmax(2)).sum(2)


def heat_terms(heat: Tensor, true_places: Tensor) -> dict[str, Tensor]:
    """What heat maps are taught by, as scalars."""
    counts = inside(true_places)
    count = counts.sum().clamp(min=1)
    seen_at, _ = places(heat)
    return {
        "heat": (counts * heat_loss(heat, true_places)).sum() / count,
        "places": (counts * (seen_at - true_places).abs().mean(2)).sum() / count,
    }


def centres(like: Tensor) -> Tensor:
    """The middles (M,) of a map's cells along one side."""
    return (torch.arange(MAP_PX, device=like.device) + 0.5) / MAP_PX
