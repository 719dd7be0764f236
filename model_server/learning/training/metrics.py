# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as the field reports them, in millimetres."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS, indices
from model_server.learning.body.rotations import nearest_rotation

LIMB_JOINTS: Final = tuple(
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)
COCO_LIMBS: Final = list(indices(COCO_JOINTS, LIMB_JOINTS))
POSE_LIMBS: Final = list(indices(POSE_LANDMARKS, LIMB_JOINTS))


def mpjpe(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean joint distance (B,) in mm of joints (B, J, 3) in metres, after centring both."""
    return 1000 * (
        (predicted - predicted.mean(1, keepdim=True)) - (true - true.mean(1, keepdim=True))
    ).norm(dim=2).mean(1)


def pa_mpjpe(predicted: Tensor, true: Tensor) -> Tensor:
    """The same after the best similarity transform of each prediction (Procrustes)."""
    return 1000 * (align(predicted, true) - true).norm(dim=2).mean(1)


def align(points: Tensor, target: Tensor) -> Tensor:
    """Points (B, J, 3) moved onto target (B, J, 3) by rotation, scale and translation."""
    middle, aim = points.mean(1, keepdim=True), target.mean(1, keepdim=True)
    centred, wanted = points - middle, target - aim
    covariance = wanted.transpose(-1, -2) @ centred
    rotation = nearest_rotation(covariance)
    scale = (rotation * covariance).sum((1, 2)) / centred.square().sum((1, 2)).clamp(min=1e-12)
    return scale[:, None, None] * centred @ rotation.transpose(-1, -2) + aim
