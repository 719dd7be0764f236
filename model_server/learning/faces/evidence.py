# SPDX-License-Identifier: GPL-3.0-or-later
"""What the detector and the picture say of one face, seen by a virtual camera that looks straight
at it and is rolled with the eyes; and the detector's points turned to the front by its own depth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.learning.body.rotations import cross
from model_server.learning.details.reading import (
    DetailReading,
    DetailSight,
    nothing_read,
    seen_through,
)
from model_server.learning.details.view import rolled_with
from model_server.learning.faces.points import CHIN, EYE_LEFT, EYE_RIGHT, TOP
from model_server.learning.network.evidence import look_at, through

_LEAST: Final = 1e-6


@dataclass(frozen=True)
class FaceDetection:
    """The chosen points of B faces."""

    landmarks_px: Tensor  # (B, P, 2) pixels of the full image
    depth: Tensor  # (B, P) in pixels, away from the camera
    focal_px: Tensor  # (B,)
    center_px: Tensor  # (B, 2) principal point

    def __getitem__(self, rows: Tensor | slice) -> FaceDetection:
        return FaceDetection(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class FaceEvidence:
    """The same in the virtual camera."""

    points: Tensor  # (B, P, 2) tangents divided by `extent`, around their middle
    depth: Tensor  # (B, P) likewise
    frontal: Tensor  # (B, P, 3) towards the person's left, up and forward, radius 1
    turn: Tensor  # (B, 6) the detector's own idea of the head's axes left and up
    extent: Tensor  # (B, 1) spread of the face in tangents
    cam_from_virtual: Tensor  # (B, 3, 3)
    sight: DetailSight  # of the picture


def see(detection: FaceDetection, reading: DetailReading | None = None) -> FaceEvidence:
    """Detection and what was read in the picture → FaceEvidence."""

    def tangents_of(px: Tensor) -> Tensor:
        return (px - detection.center_px[:, None]) / detection.focal_px[:, None, None]

    tangents = tangents_of(detection.landmarks_px)
    middle = tangents.mean(1)
    level = look_at(torch.cat([middle, torch.ones_like(middle[:, :1])], 1))
    eyes = through(level, tangents[:, [EYE_LEFT, EYE_RIGHT]])
    cam_from_virtual = level @ rolled_with(eyes[:, 0] - eyes[:, 1])
    points = through(cam_from_virtual, tangents)
    centred = points - points.mean(1, keepdim=True)
    extent = centred.square().sum(2).mean(1).clamp(min=1e-8).sqrt()[:, None]
    points = points / extent[:, None]
    depth = detection.depth / detection.focal_px[:, None] / extent
    depth = depth - depth.mean(1, keepdim=True)
    solid = torch.cat([points - points.mean(1, keepdim=True), depth[..., None]], 2)
    axes = head_axes(solid)
    frontal = solid @ axes.transpose(-1, -2)
    radius = frontal.square().sum(2).mean(1).clamp(min=_LEAST).sqrt()[:, None, None]
    turn = axes[:, :2].flatten(1)
    return FaceEvidence(
        points,
        depth,
        frontal / radius,
        turn,
        extent,
        cam_from_virtual,
        seen_through(
            reading or nothing_read(detection.landmarks_px),
            lambda px: through(cam_from_virtual, tangents_of(px)) / extent[:, None],
        ),
    )


def head_axes(solid: Tensor) -> Tensor:
    """Rows (B, 3, 3) towards the person's left, up and forward of points (B, P, 3)."""
    left = normalize(solid[:, EYE_LEFT] - solid[:, EYE_RIGHT], dim=1)
    up = solid[:, TOP] - solid[:, CHIN]
    up = normalize(up - (up * left).sum(1, keepdim=True) * left, dim=1)
    return torch.stack([left, up, cross(left, up)], 1)
