# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody wears, roughly: enough to tell two people apart who have just crossed."""

from typing import Final

import numpy as np

from model_server.arrays import FloatArray, ImageArray
from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.landmarks import PoseLandmarks

_TRUNK: Final = indices(
    POSE_LANDMARKS, ["left_shoulder", "right_shoulder", "left_hip", "right_hip"]
)
_LEGS: Final = indices(POSE_LANDMARKS, ["left_hip", "right_hip", "left_knee", "right_knee"])
_SAMPLES: Final = 6
_INSIDE: Final = (0.2, 0.8)  # of the way between landmarks, away from the outline


def colors_of(image: ImageArray, pose: PoseLandmarks) -> FloatArray:
    """Mean colours (2, 3), 0…1, of trunk and thighs in `image` (H, W, 3)."""
    return np.stack([_mean_color(image, pose.landmarks_px[list(at)]) for at in (_TRUNK, _LEGS)])


def unlike(a: FloatArray, b: FloatArray) -> float:
    """0 for the same colours (2, 3), 1 for black and white."""
    return float(np.abs(a - b).mean())


def _mean_color(image: ImageArray, corners: FloatArray) -> FloatArray:
    """Of the area between an upper left, upper right, lower left and lower right corner (4, 2)."""
    along = np.linspace(*_INSIDE, _SAMPLES)
    upper, lower = (corners[i] + along[:, None] * (corners[i + 1] - corners[i]) for i in (0, 2))
    points = upper + along[:, None, None] * (lower - upper)
    height, width = image.shape[:2]
    columns, rows = np.clip(points, 0, (width - 1, height - 1)).astype(np.intp).reshape(-1, 2).T
    return (image[rows, columns].mean(axis=0) / 255).astype(np.float32)
