# SPDX-License-Identifier: GPL-3.0-or-later
"""What an encoder read in pictures of hands or faces, and the same as a descent sees it.

A picture may not have been read: then nothing is present, features are zero, and the second opinion
is not trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from model_server.learning.details.crops import mirrored_places
from model_server.learning.details.encoder import FEATURES
from model_server.learning.encoder.crop_encoder import Encoded
from model_server.learning.encoder.heat import places, trust_of


@dataclass(frozen=True)
class DetailReading:
    """Of N hands or faces with L landmarks, in pixels of their pictures."""

    features: Tensor  # (N, FEATURES)
    heat_px: Tensor  # (N, L, 2) where the encoder sees the landmarks
    heat_trust: Tensor  # (N, L) 0…1
    present: Tensor  # (N, 1) 1 or 0

    def __getitem__(self, rows: Tensor | slice) -> DetailReading:
        return DetailReading(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class DetailSight:
    """The same in the virtual camera, in extents."""

    features: Tensor  # (B, FEATURES)
    heat: Tensor  # (B, L, 2)
    heat_trust: Tensor  # (B, L)
    present: Tensor  # (B, 1)


def nothing_read(landmarks_px: Tensor) -> DetailReading:
    """For hands or faces (N, L, 2) whose pictures nobody has seen."""
    zeros = torch.zeros_like(landmarks_px[..., 0])
    features = zeros.new_zeros(len(zeros), FEATURES)
    return DetailReading(features, landmarks_px, zeros, zeros[:, :1])


def reading_of(encoded: Encoded, squares: Tensor, mirror: list[int] | None = None) -> DetailReading:
    """What the encoder says of squares (N, 2, 3), in pixels of their pictures; with `mirror` (L,),
    each landmark's partner, it was shown their mirror images.
    """
    where, peak = places(encoded.heat)
    if mirror is not None:
        where, peak = mirrored_places(where, mirror), peak[:, mirror]
    px = where @ squares[:, :, :2].transpose(1, 2) + squares[:, None, :, 2]
    present = torch.ones_like(encoded.features[:, :1])
    return DetailReading(encoded.features, px, trust_of(peak), present)


def unread(reading: DetailReading, which: Tensor) -> DetailReading:
    """The same, but some pictures (N,) nobody has read."""
    return replace(reading, present=reading.present * ~which[:, None])


def seen_through(reading: DetailReading, virtual: Callable[[Tensor], Tensor]) -> DetailSight:
    """A reading as it looks where `virtual` takes pixels (N, L, 2)."""
    there = reading.present
    return DetailSight(
        there * reading.features, virtual(reading.heat_px), there * reading.heat_trust, there
    )


def told(sight: DetailSight, points: Tensor) -> Tensor:
    """All that a picture tells beside the detector's points (B, L, 2), in one row (B,
    `told_size(L)`): how the second opinion differs, how sure it is, and the features.
    """
    differing = sight.heat_trust[..., None] * (sight.heat - points).clamp(-3, 3)
    parts = [differing.flatten(1), sight.heat_trust, sight.features, sight.present]
    return torch.cat(parts, 1)


def told_size(landmarks: int) -> int:
    return 3 * landmarks + FEATURES + 1
