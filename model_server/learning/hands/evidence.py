# SPDX-License-Identifier: GPL-3.0-or-later
"""What the detector says of hands, seen by virtual cameras that look straight at them.

The detector takes its crop for the middle of a picture, so its 3D points have the axes of such a
camera already; its 2D points are brought there, and divided by their extent.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.learning.network.evidence import radius, spread, through


@dataclass(frozen=True)
class Detection:
    """Landmarks of B left (or mirrored) hands as the detector gives them."""

    landmarks_px: Tensor  # (B, 21, 2)
    world: Tensor  # (B, 21, 3) metres, axes of a camera that looks at the hand
    confidence: Tensor  # (B,)
    focal_px: Tensor  # (B,)
    center_px: Tensor  # (B, 2) principal point

    def __getitem__(self, rows: Tensor | slice) -> Detection:
        return Detection(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Evidence:
    points: Tensor  # (B, 21, 2) tangents of the virtual camera divided by `extent`
    world: Tensor  # (B, 21, 3) around their mean, divided by their root mean square radius
    confidence: Tensor  # (B, 1)
    extent: Tensor  # (B, 1) spread of the hand in tangents
    cam_from_virtual: Tensor  # (B, 3, 3)


def see(detection: Detection) -> Evidence:
    """Detection → Evidence."""
    tangents = (detection.landmarks_px - detection.center_px[:, None]) / detection.focal_px[
        :, None, None
    ]
    middle = tangents.mean(1)
    turn = shortest_turn(torch.cat([middle, torch.ones_like(middle[:, :1])], 1))
    points = through(turn, tangents)
    extent = spread(points, torch.full_like(points[..., :1], 1 / points.shape[1]))
    return Evidence(
        points=points / extent[:, None],
        world=around_mean(detection.world),
        confidence=detection.confidence[:, None],
        extent=extent,
        cam_from_virtual=turn,
    )


def shortest_turn(direction: Tensor) -> Tensor:
    """The shortest rotations (B, 3, 3) from straight ahead to directions (B, 3) ahead."""
    x, y, z = normalize(direction, dim=1).unbind(1)
    share = 1 / (1 + z)
    rows = (
        torch.stack([1 - x * x * share, -x * y * share, x], 1),
        torch.stack([-x * y * share, 1 - y * y * share, y], 1),
        torch.stack([-x, -y, z], 1),
    )
    return torch.stack(rows, 1)


def around_mean(points: Tensor) -> Tensor:
    """Points (B, L, 3) around their mean, divided by their root mean square radius."""
    centred = points - points.mean(1, keepdim=True)
    return centred / radius(centred)
