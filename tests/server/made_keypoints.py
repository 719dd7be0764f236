# SPDX-License-Identifier: GPL-3.0-or-later
"""People who stand, and what a perfect detector of 133 keypoints says of them."""

from typing import Any

import numpy as np

from model_server.landmark_names import POSE_LANDMARKS, WHOLE_BODY
from model_server.landmarks import PoseLandmarks, WholeBody
from model_server.whole_body import KEYPOINT_OF, STANDING


def standing(middle: tuple[float, float], height: float, px: Any = None) -> PoseLandmarks:
    """Somebody who stands in a picture, or is seen at the landmarks (33, 2)."""
    flat = STANDING - STANDING.mean(0)
    here = flat * height + middle if px is None else px
    seen = np.full(33, 0.8, np.float32)
    depth = np.linspace(-1, 1, 33).astype(np.float32)
    world = np.column_stack([1.7 * flat, 0.1 * depth]).astype(np.float32)
    return PoseLandmarks(here.astype(np.float32), depth, seen, seen, world)


def keypoints_at(look: PoseLandmarks) -> WholeBody:
    """The keypoints that the landmarks of a look are, and none of the others."""
    named = {
        KEYPOINT_OF[name]: (float(x), float(y), 1.0)
        for name, (x, y) in zip(POSE_LANDMARKS, look.landmarks_px, strict=True)
    }
    assert set(named) <= set(WHOLE_BODY)
    return WholeBody.of(named)
