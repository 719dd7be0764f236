# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of one person, by a virtual camera that looks straight at them, upright.

Turning the camera towards the person takes the perspective of an off-centre person out of the
problem exactly, rolling it as their trunk is takes out how they lie in the picture, and dividing by
the person's extent takes out the distance; what is left looks alike for all photos and all lenses.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.landmark_names import HIPS, POSE_LANDMARKS, indices
from model_server.learning.body.rotations import cross

LEAST_VISIBILITY: Final = 0.1  # below, the detector only guesses how a person goes on
CERTAIN: Final = 2.0  # the visibility of landmarks that somebody has put where they belong
SHOULDERS: Final = list(indices(POSE_LANDMARKS, ["left_shoulder", "right_shoulder"]))
LEVEL: Final = 0.02  # extents: how long a trunk tells which way is up
ENDS: Final = ("head", "wrist.L", "wrist.R")  # bones whose turn closer looks at them tell


@dataclass(frozen=True)
class Detection:
    """What the detectors of bodies, faces and hands say of B people."""

    landmarks_px: Tensor  # (B, 33, 2) pixels of the full image
    visibility: Tensor  # (B, 33) 0…1, or `CERTAIN`
    world: Tensor  # (B, 33, 3) metres, camera axes, hips at 0
    depth: Tensor  # (B, 33) pixels, towards the back positive
    focal_px: Tensor  # (B,)
    center_px: Tensor  # (B, 2) principal point
    ends: Tensor  # (B, 3, 3, 3) cam_from_bone of `ENDS`, away from the reference pose
    ends_trust: Tensor  # (B, 3) 0…1, 0 where nobody has looked

    def __getitem__(self, rows: Tensor | slice) -> Detection:
        return Detection(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class Evidence:
    """The same in the virtual camera."""

    points: Tensor  # (B, 33, 2) tangents divided by `extent`
    trust: Tensor  # (B, 33) weights
    world: Tensor  # (B, 33, 3) hip-centred, divided by its root mean square radius
    depth: Tensor  # (B, 33) relative depth, divided likewise
    ends: Tensor  # (B, 3, 3, 3) virtual_from_bone of `ENDS`
    ends_trust: Tensor  # (B, 3)
    extent: Tensor  # (B, 1) spread of the person in tangents
    roll: Tensor  # (B, 2) cosine and sine of the virtual camera's roll
    cam_from_virtual: Tensor  # (B, 3, 3)


def see(detection: Detection) -> Evidence:
    """Detection → Evidence."""
    trust = detection.visibility.clamp(LEAST_VISIBILITY, CERTAIN).square()
    weight = (trust / trust.sum(1, keepdim=True))[..., None]
    tangents = (detection.landmarks_px - detection.center_px[:, None]) / detection.focal_px[
        :, None, None
    ]
    middle = (weight * tangents).sum(1)
    level = look_at(torch.cat([middle, torch.ones_like(middle[:, :1])], 1))
    seen_level = through(level, tangents)
    extent = spread(seen_level, weight)
    roll = upright(seen_level, extent)
    level_from_virtual = roll_matrix(roll)
    cam_from_virtual = level @ level_from_virtual
    points = through(cam_from_virtual, tangents)
    depth = detection.depth - (weight[..., 0] * detection.depth).sum(1, keepdim=True)
    return Evidence(
        points=points / extent[:, None],
        trust=trust,
        world=detection.world @ level_from_virtual / radius(detection.world),
        depth=depth / detection.focal_px[:, None] / extent,
        ends=cam_from_virtual.transpose(-1, -2)[:, None] @ detection.ends,
        ends_trust=detection.ends_trust,
        extent=extent,
        roll=roll,
        cam_from_virtual=cam_from_virtual,
    )


def nothing_closer(like: Tensor) -> tuple[Tensor, Tensor]:
    """`ends` and `ends_trust` of people (B, ...) whose face and hands nobody has looked at."""
    turns = torch.eye(3, device=like.device).repeat(len(like), len(ENDS), 1, 1)
    return turns, torch.zeros(len(like), len(ENDS), device=like.device)


def look_at(direction: Tensor) -> Tensor:
    """Rotation (B, 3, 3) with its z axis along direction (B, 3) and its x axis level."""
    z = normalize(direction, dim=1)
    down = torch.tensor([0.0, 1.0, 0.0], dtype=z.dtype, device=z.device).expand_as(z)
    x = normalize(cross(down, z), dim=1)
    return torch.stack([x, cross(z, x), z], 2)


def upright(points: Tensor, extent: Tensor) -> Tensor:
    """Cosine and sine (B, 2) of the roll that brings trunks upright, of people seen at points (B,
    33, 2) whose extent is (B, 1).
    """
    hips, shoulders = points[:, HIPS].mean(1), points[:, SHOULDERS].mean(1)
    x, y = (shoulders - hips).split(1, 1)
    return normalize(torch.cat([LEVEL * extent - y, x], 1), dim=1)


def roll_matrix(roll: Tensor) -> Tensor:
    """The rotation (B, 3, 3) about the z axis whose cosine and sine are (B, 2)."""
    cosine, sine = roll.unbind(1)
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    rows = [cosine, -sine, zero, sine, cosine, zero, zero, zero, one]
    return torch.stack(rows, 1).unflatten(1, (3, 3))


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
