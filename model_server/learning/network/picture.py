# SPDX-License-Identifier: GPL-3.0-or-later
"""What the image encoder read in a person's crop, and the same in the virtual camera.

A person may come without it (a picture that was never rendered, a crop too small): then nothing is
present, every share of every part is zero, and the second opinion is the first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Final

import torch
from torch import Tensor

from model_server.learning.body.parts import PART_NAMES
from model_server.learning.network import config
from model_server.learning.network.evidence import Detection, Evidence, through
from model_server.learning.network.state import LANDMARKS

PARTS: Final = len(PART_NAMES)
CELLS: Final = 16  # side of the part maps
PIXELS: Final = 14  # of each part that the descent is aligned with
DITHER: Final = 0.5  # in shares: how far spreading counts more than filling when they are chosen
FEATURES: Final = 256


@dataclass(frozen=True)
class Reading:
    """Of B people, in pixels of the full image."""

    features: Tensor  # (B, FEATURES)
    parts: Tensor  # (B, 15, 16, 16) 0…1, how much of each cell of the crop shows a part
    crop_px: Tensor  # (B, 3) left, top, side of the crop
    heat_px: Tensor  # (B, 33, 2) where the encoder sees the landmarks
    heat_trust: Tensor  # (B, 33) 0…1
    present: Tensor  # (B, 1) 1 or 0

    def __getitem__(self, rows: Tensor | slice) -> Reading:
        """Some of the people, in single precision whatever they are stored in."""
        return Reading(*(getattr(self, field.name)[rows].float() for field in fields(self)))


@dataclass(frozen=True)
class Sight:
    """The same in the virtual camera, in extents."""

    features: Tensor  # (B, FEATURES)
    shares: Tensor  # (B, 15, PIXELS) 0…1, of a few pixels of each part, spread over it
    pixels: Tensor  # (B, 15, PIXELS, 2) where they are
    heat: Tensor  # (B, 33, 2)
    heat_trust: Tensor  # (B, 33)
    present: Tensor  # (B, 1)


def nothing_read(detection: Detection) -> Reading:
    """For people whose pictures nobody has seen."""
    count, like = len(detection.landmarks_px), detection.landmarks_px
    return Reading(
        like.new_zeros(count, FEATURES),
        like.new_zeros(count, PARTS, CELLS, CELLS),
        torch.tensor([0.0, 0.0, 1.0], device=like.device).expand(count, 3),
        like,
        like.new_zeros(count, LANDMARKS),
        like.new_zeros(count, 1),
    )


def see_picture(reading: Reading, detection: Detection, evidence: Evidence) -> Sight:
    """Reading → Sight."""

    def virtual(px: Tensor) -> Tensor:
        tangents = (px - detection.center_px[:, None]) / detection.focal_px[:, None, None]
        return through(evidence.cam_from_virtual, tangents) / evidence.extent[:, None]

    middles = (torch.arange(CELLS, device=reading.parts.device) + 0.5) / CELLS
    grid = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), 2).flatten(0, 1)
    cells_px = reading.crop_px[:, None, :2] + reading.crop_px[:, None, 2:] * grid
    cells, there = virtual(cells_px), reading.present
    shares, chosen = spread_out(reading.parts)
    every = cells[:, None].expand(-1, PARTS, -1, -1)
    pixels = every.gather(2, chosen[..., None].expand(-1, -1, -1, 2))
    return Sight(
        features=there * reading.features,
        shares=there[..., None] * shares,
        pixels=pixels,
        heat=virtual(reading.heat_px),
        heat_trust=there * reading.heat_trust,
        present=there,
    )


def as_read(sight: Sight, reads: Collection[str]) -> Sight:
    """The sight of somebody who is told only some of `config.FEATURES`, `PARTS` and `HEAT`."""
    fields = {config.FEATURES: "features", config.PARTS: "shares", config.HEAT: "heat_trust"}
    missing = [field for name, field in fields.items() if name not in reads]
    if not reads:
        missing.append("present")
    return replace(sight, **{name: torch.zeros_like(getattr(sight, name)) for name in missing})


def spread_out(parts: Tensor) -> tuple[Tensor, Tensor]:
    """Shares (B, 15, PIXELS) and flat indices of the cells of each part (B, 15, 16, 16) that stand
    for it: filled ones first, spread evenly where there are more.
    """
    ranked = parts.flatten(2) + DITHER * dither(parts.device)
    chosen = ranked.topk(PIXELS, 2).indices
    return parts.flatten(2).gather(2, chosen), chosen


def dither(device: torch.device) -> Tensor:
    """Ordered dither (CELLS * CELLS,), 0…1: the largest values of any region lie spread over it."""
    order = torch.zeros(1, 1, device=device)
    while len(order) < CELLS:
        top, bottom = [4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]
        order = torch.cat([torch.cat(top, 1), torch.cat(bottom, 1)], 0)
    return order.flatten() / order.numel()
