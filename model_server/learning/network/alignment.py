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
LEAST_SHARE: Final = 0.3  # pixels; a part that fills less is not there


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
    pixels = sight.pixels  # (B, 15, C, 2)
    squared = (pixels[:, :, :, None] - points[:, :, None]).square().sum(4)  # (B, 15, C, K)
    near = nearness(squared)
    near_points = shares(near * clearly(facing)[:, :, None], 3)
    near_pixels = shares(near * clearly(sight.shares)[..., None], 2)
    filled = shares(sight.shares)[..., None]  # (B, 15, C, 1)
    visible = shares(facing)[:, :, None]  # (B, 15, 1, K)
    pulls, pushes = filled * near_points, visible * near_pixels  # each sums to 1 over C and K
    cover = pulls.sum(2)[:, :, None] @ points - pulls.sum(3)[:, :, None] @ pixels
    stay = pushes.sum(3)[:, :, None] @ pixels - pushes.sum(2)[:, :, None] @ points
    seen = (sight.shares.sum(2) / LEAST_SHARE).clamp(max=1)
    length = (squared + 1e-6).sqrt()
    energies = [(shares(seen) * (way * length).sum((2, 3))).sum(1) for way in (pulls, pushes)]
    return Alignment(
        cover.squeeze(2) * seen[..., None],
        stay.squeeze(2) * seen[..., None],
        seen,
        torch.stack(energies, 1),
    )


def nearness(squared: Tensor) -> Tensor:
    """How much each neighbour counts, from its squared distance: the nearest far more than others,
    and wherever they are something; cheaper than a softmax.
    """
    near = SOFTNESS**2 / (squared + SOFTNESS**2)
    return near * near * near


def clearly(share: Tensor) -> Tensor:
    """1 from a half on, 0 up to a quarter."""
    return (4 * share - 1).clamp(0, 1)


def shares(amounts: Tensor, dim: int = -1) -> Tensor:
    """Amounts as shares of their sum over a dimension; of nothing, nothing."""
    return amounts / amounts.sum(dim, keepdim=True).clamp(min=1e-9)
