# SPDX-License-Identifier: GPL-3.0-or-later
"""What the detector and the picture say of hands, seen by virtual cameras that look straight at
them and are rolled with them.

The detector takes its crop for the middle of a picture, so its 3D points have the axes of such a
camera, but for the roll; its 2D points are brought there, and divided by their extent.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.learning.details.reading import (
    DetailReading,
    DetailSight,
    nothing_read,
    seen_through,
)
from model_server.learning.details.view import rolled_with
from model_server.learning.network.evidence import radius, spread, through

KNUCKLES: Final = [5, 9, 13, 17]


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
    sight: DetailSight  # of the picture


def see(detection: Detection, reading: DetailReading | None = None) -> Evidence:
    """Detection and what was read in the picture → Evidence."""
    tangents = tangents_of(detection, detection.landmarks_px)
    straight = straight_at(detection)
    roll = rolled_with(across_palm(through(straight, tangents)))
    turn = straight @ roll
    points = through(turn, tangents)
    extent = spread(points, torch.full_like(points[..., :1], 1 / points.shape[1]))
    read = reading or nothing_read(detection.landmarks_px)
    return Evidence(
        points=points / extent[:, None],
        world=around_mean(detection.world) @ roll,
        confidence=detection.confidence[:, None],
        extent=extent,
        cam_from_virtual=turn,
        sight=seen_through(
            read, lambda px: through(turn, tangents_of(detection, px)) / extent[:, None]
        ),
    )


def tangents_of(detection: Detection, px: Tensor) -> Tensor:
    """Pixels (B, L, 2) as tangents of the camera."""
    return (px - detection.center_px[:, None]) / detection.focal_px[:, None, None]


def straight_at(detection: Detection) -> Tensor:
    """How the camera (B, 3, 3) turns that looks straight at the hand, not rolled yet."""
    middle = tangents_of(detection, detection.landmarks_px).mean(1)
    return shortest_turn(torch.cat([middle, torch.ones_like(middle[:, :1])], 1))


def across_palm(points: Tensor) -> Tensor:
    """What is level (B, 2) where the knuckles of points (B, 21, 2) stand above the wrist."""
    up = points[:, KNUCKLES].mean(1) - points[:, 0]
    return torch.stack([-up[:, 1], up[:, 0]], 1)


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
