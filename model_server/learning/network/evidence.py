# SPDX-License-Identifier: GPL-3.0-or-later
"""What the detector says of one person, seen by a virtual camera that looks straight at them.

Turning the camera towards the person takes the perspective of an off-centre person out of the
problem exactly, and dividing by the person's extent takes out the distance; what is left looks
alike for all photos and all lenses.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.learning.body.rotations import cross

LEAST_VISIBILITY: Final = 0.1  # below, the detector only guesses how a person goes on


@dataclass(frozen=True)
class Detection:
    """Landmarks of B people as the detector gives them."""

    landmarks_px: Tensor  # (B, 33, 2) pixels of the full image
    visibility: Tensor  # (B, 33) 0…1
    world: Tensor  # (B, 33, 3) metres, camera axes, hips at 0
    depth: Tensor  # (B, 33) pixels, towards the back positive
    focal_px: Tensor  # (B,)
    center_px: Tensor  # (B, 2) principal point

    def __getitem__(self, rows: Tensor | slice) -> Detection:
        return Detection(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Evidence:
    """The same in the virtual camera."""

    points: Tensor  # (B, 33, 2) tangents divided by `extent`
    trust: Tensor  # (B, 33) weights
    world: Tensor  # (B, 33, 3) hip-centred, divided by its root mean square radius
    depth: Tensor  # (B, 33) relative depth, divided likewise
    extent: Tensor  # (B, 1) spread of the person in tangents
    cam_from_virtual: Tensor  # (B, 3, 3)


def see(detection: Detection) -> Evidence:
    """Detection → Evidence."""
    trust = detection.visibility.clamp(LEAST_VISIBILITY, 1.0).square()
    weight = (trust / trust.sum(1, keepdim=True))[..., None]
    tangents = (detection.landmarks_px - detection.center_px[:, None]) / detection.focal_px[
        :, None, None
    ]
    middle = (weight * tangents).sum(1)
    cam_from_virtual = look_at(torch.cat([middle, torch.ones_like(middle[:, :1])], 1))
    points = through(cam_from_virtual, tangents)
    extent = spread(points, weight)
    depth = detection.depth - (weight[..., 0] * detection.depth).sum(1, keepdim=True)
    return Evidence(
        points=points / extent[:, None],
        trust=trust,
        world=detection.world / radius(detection.world),
        depth=depth / detection.focal_px[:, None] / extent,
        extent=extent,
        cam_from_virtual=cam_from_virtual,
    )


def look_at(direction: Tensor) -> Tensor:
    """Rotation (B, 3, 3) with its z axis along direction (B, 3) and its x axis level."""
    z = normalize(direction, dim=1)
    down = torch.tensor([0.0, 1.0, 0.0], dtype=z.dtype, device=z.device).expand_as(z)
    x = normalize(cross(down, z), dim=1)
    return torch.stack([x, cross(z, x), z], 2)


def through(cam_from_virtual: Tensor, tangents: Tensor) -> Tensor:
    """Tangents (B, L, 2) of the camera as tangents of the virtual camera."""
    rays = torch.cat([tangents, torch.ones_like(tangents[..., :1])], 2) @ cam_from_virtual
    return rays[..., :2] / rays[..., 2:].clamp(min=0.05)


def spread(points: Tensor, weight: Tensor) -> Tensor:
    """Weighted root mean square distance (B, 1) of points (B, L, 2) from their mean; weight (B, L,
    1) sums to 1.
    """
    middle = (weight * points).sum(1, keepdim=True)
    return (weight * (points - middle).square()).sum((1, 2)).clamp(min=1e-8).sqrt()[:, None]


def radius(world: Tensor) -> Tensor:
    """Root mean square distance (B, 1, 1) of points (B, L, 3) from their origin."""
    return world.square().sum(2).mean(1).clamp(min=1e-8).sqrt()[:, None, None]
