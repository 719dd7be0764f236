# SPDX-License-Identifier: GPL-3.0-or-later
"""The squares of a picture that the image encoder sees of a person; training cuts the same.

Its own layers see the upright square around what is visible. The layers of the detector's landmark
network see what they were taught on: hips in the middle, shoulders above them, and room for all.
"""

from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.crops import Box, box_around
from model_server.landmark_names import HIPS, POSE_LANDMARKS, indices
from model_server.squares import Square, square_about

CROP_PX: Final = 128  # side of the crop that the encoder's own layers see, and of its mask
VIEW_PX: Final = 256  # side of what the detector's layers see
_VISIBLE: Final = 0.3
_LEAST_POINTS: Final = 5
_MARGIN: Final = 1.25  # of the landmarks' box, for hair, hands and feet
_VIEW_MARGIN: Final = 1.25  # of the way from the hips to the farthest landmark
_LEVEL: Final = 0.01  # of that way: how long a trunk tells which way is up
_SHOULDERS: Final = list(indices(POSE_LANDMARKS, ["left_shoulder", "right_shoulder"]))


def person_square(landmarks_px: FloatArray, visibility: FloatArray) -> Box:
    """The square around what is visible of one person: landmarks (33, 2), visibility (33,)."""
    order = np.argsort(-visibility)
    count = max(int((visibility > _VISIBLE).sum()), _LEAST_POINTS)
    box = box_around(landmarks_px[order[:count]])
    (x, y), side = box.center, _MARGIN * max(box.width, box.height, 2.0)
    return Box(x - side / 2, y - side / 2, side, side)


def person_view(landmarks_px: FloatArray) -> Square:
    """The square about the hips of somebody with landmarks (33, 2), guessed ones included, that
    is turned as their trunk is.
    """
    hips, shoulders = landmarks_px[HIPS].mean(0), landmarks_px[_SHOULDERS].mean(0)
    reach = float(np.linalg.norm(landmarks_px - hips, axis=1).max())
    up = shoulders - hips + np.array([0.0, -_LEVEL * reach])
    return square_about(hips, up, 2 * _VIEW_MARGIN * reach)


def level_view(landmarks_px: FloatArray) -> Box:
    """The same square, but upright."""
    (x, y) = hips = landmarks_px[HIPS].mean(0)
    side = 2 * _VIEW_MARGIN * float(np.linalg.norm(landmarks_px - hips, axis=1).max())
    return Box(x - side / 2, y - side / 2, side, side)
