# SPDX-License-Identifier: GPL-3.0-or-later
"""The squares of a picture that the encoders see of hands and faces, turned upright by what the
detector says of them; training cuts the same.
"""

from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.landmark_names import HAND_LANDMARKS, indices
from model_server.squares import Square, square_around

DETAIL_PX: Final = 128  # side of the crop that the encoders see
_HAND_MARGIN: Final = 1.35  # of the landmarks' box, for what surrounds joints
_FACE_MARGIN: Final = 1.2
_WRIST: Final = HAND_LANDMARKS.index("wrist")
_KNUCKLES: Final = list(
    indices(HAND_LANDMARKS, [f"{f}_mcp" for f in ("index", "middle", "ring", "pinky")])
)
_EYES: Final = (263, 33)  # outer corners in mediapipe's face mesh, the person's left one first


def hand_square(landmarks_px: FloatArray) -> Square:
    """Around a hand's landmarks (21, 2), knuckles above the wrist."""
    up = landmarks_px[_KNUCKLES].mean(0) - landmarks_px[_WRIST]
    return square_around(landmarks_px, up, _HAND_MARGIN)


def face_square(landmarks_px: FloatArray) -> Square:
    """Around a face's landmarks (478, 2), eyes level."""
    x, y = landmarks_px[_EYES[0]] - landmarks_px[_EYES[1]]
    return square_around(landmarks_px, np.array([y, -x]), _FACE_MARGIN)
