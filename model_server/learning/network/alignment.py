# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic body-part alignment without a rasteriser: the pixels of every part to its projected
skin points, and back (Zanfir et al., ECCV 2020 and CVPR 2021, in our own form).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from model_server.learning.body.surface import POINTS_PER_PART
from model_server.learning.network.picture import PARTS, Sight

SOFTNESS: Final = 0.15  # extents; nearest neighbours are soft over this distance
AWAY: Final = 4.0  # extents added to what looks away from the camera or belongs to other parts
LEAST_SHARE: Final = 0.3  # cells; a part that fills less is not there


@dataclass(frozen=True)
class Alignment:
    """How each part of B posed bodies misses the part maps."""

    cover: Tensor  # (B, 15, 2) mean way from the part's pixels to its nearest points, extents
    stay: Tensor  # (B, 15, 2) mean way from the part's visible points to its nearest pixels
    seen: Tensor  # (B, 15) 1 where the part can be seen, 0…1
    energies: Tensor  # (B, 2) mean lengths of both over the parts that are seen


def align(points: Tensor, facing: Tensor, sight: Sight) -> Alignment:
    """Skin points (B, 15 * POINTS_PER_PART, 2) projected into the virtual camera, in extents, and
    how much they face it (B, 15 * POINTS_PER_PART), 0…1.
    """
    points = points.clamp(-8, 8).unflatten(1, (PARTS, POINTS_PER_PART))
    facing = facing.unflatten(1, (PARTS, POINTS_PER_PART))
    squared = (sight.cells[:, None, :, None] - points[:, :, None]).square().sum(4)  # (B, 15, C, K)
    near_points = nearness(squared + AWAY**2 * (1 - clearly(facing)[:, :, None]), 3)
    near_cells = nearness(squared + AWAY**2 * (1 - clearly(sight.parts)[..., None]), 2)
    pixels = shares(sight.parts)[..., None]  # (B, 15, C, 1)
    visible = shares(facing)[:, :, None]  # (B, 15, 1, K)
    pulls, pushes = pixels * near_points, visible * near_cells  # each sums to 1 over C and K
    cells = sight.cells[:, None]
    cover = pulls.sum(2)[:, :, None] @ points - pulls.sum(3)[:, :, None] @ cells
    stay = pushes.sum(3)[:, :, None] @ cells - pushes.sum(2)[:, :, None] @ points
    seen = (sight.parts.sum(2) / LEAST_SHARE).clamp(max=1)
    length = (squared + 1e-6).sqrt()
    energies = [(shares(seen) * (way * length).sum((2, 3))).sum(1) for way in (pulls, pushes)]
    return Alignment(
        cover.squeeze(2) * seen[..., None],
        stay.squeeze(2) * seen[..., None],
        seen,
        torch.stack(energies, 1),
    )


def nearness(squared: Tensor, dim: int) -> Tensor:
    """Soft choice of the nearest along a dimension, from squared distances."""
    return (-squared / (2 * SOFTNESS**2)).softmax(dim)


def clearly(share: Tensor) -> Tensor:
    """1 from a half on, 0 up to a quarter."""
    return (4 * share - 1).clamp(0, 1)


def shares(amounts: Tensor) -> Tensor:
    """Amounts as shares of their sum over the last dimension; of nothing, nothing."""
    return amounts / amounts.sum(-1, keepdim=True).clamp(min=1e-3)
