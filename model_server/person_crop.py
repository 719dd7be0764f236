# SPDX-License-Identifier: GPL-3.0-or-later
"""The square of a picture that the image encoder sees of a person; training cuts the same."""

from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.crops import Box, box_around

CROP_PX: Final = 256  # side of the crop the encoder sees
MASK_PX: Final = 128  # side of the mask of the same crop
_VISIBLE: Final = 0.3
_LEAST_POINTS: Final = 5
_MARGIN: Final = 1.25  # of the landmarks' box, for hair, hands and feet


def person_square(landmarks_px: FloatArray, visibility: FloatArray) -> Box:
    """The square around what is visible of one person: landmarks (33, 2), visibility (33,)."""
    order = np.argsort(-visibility)
    count = max(int((visibility > _VISIBLE).sum()), _LEAST_POINTS)
    box = box_around(landmarks_px[order[:count]])
    (x, y), side = box.center, _MARGIN * max(box.width, box.height, 2.0)
    return Box(x - side / 2, y - side / 2, side, side)
