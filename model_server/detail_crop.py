# SPDX-License-Identifier: GPL-3.0-or-later
"""The squares of a picture that the encoders see of hands and faces, turned upright by what the
detector says of them; training cuts the same.

A square is the affine map (2, 3) from itself, 0…1 across and down, to pixels of the picture.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray, ImageArray
from model_server.landmark_names import HAND_LANDMARKS, indices

DETAIL_PX: Final = 128  # side of the crop that the encoders see
_HAND_MARGIN: Final = 1.35  # of the landmarks' box, for what surrounds joints
_FACE_MARGIN: Final = 1.2
_WRIST: Final = HAND_LANDMARKS.index("wrist")
_KNUCKLES: Final = list(
    indices(HAND_LANDMARKS, [f"{f}_mcp" for f in ("index", "middle", "ring", "pinky")])
)
_EYES: Final = (263, 33)  # outer corners in mediapipe's face mesh, the person's left one first
_LEAST_PX: Final = 4.0

Square = FloatArray


def hand_square(landmarks_px: FloatArray) -> Square:
    """Around a hand's landmarks (21, 2), knuckles above the wrist."""
    up = landmarks_px[_KNUCKLES].mean(0) - landmarks_px[_WRIST]
    return upright_square(landmarks_px, up, _HAND_MARGIN)


def face_square(landmarks_px: FloatArray) -> Square:
    """Around a face's landmarks (478, 2), eyes level."""
    x, y = landmarks_px[_EYES[0]] - landmarks_px[_EYES[1]]
    return upright_square(landmarks_px, np.array([y, -x]), _FACE_MARGIN)


def upright_square(points_px: FloatArray, up_px: FloatArray, margin: float) -> Square:
    """The square around points (P, 2) whose upper side is towards `up_px` (2,)."""
    length = float(np.linalg.norm(up_px))
    down = -up_px / length if length > 0 else np.array([0.0, 1.0])
    axes = np.stack([(down[1], -down[0]), down])  # across and down
    along = points_px @ axes.T
    low, high = along.min(0), along.max(0)
    side = max(margin * float((high - low).max()), _LEAST_PX)
    corner = (low + high) / 2 - side / 2
    return np.column_stack([side * axes.T, axes.T @ corner])


def mirrored_square(square: Square) -> Square:
    """The square in the picture of a square in its mirror image, where x is -x."""
    return square * np.array([[-1.0], [1.0]])


def from_square(square: Square, places: FloatArray) -> FloatArray:
    """Places (..., 2) in the square, 0…1 inside, to pixels."""
    return places @ square[:, :2].T + square[:, 2]


def in_square(square: Square, px: FloatArray) -> FloatArray:
    """The inverse of `from_square`."""
    return (px - square[:, 2]) @ np.linalg.inv(square[:, :2]).T


def cut_square(image: ImageArray, square: Square, size: int = DETAIL_PX) -> ImageArray:
    """The square's pixels (size, size, ...); black where it reaches out of `image` (H, W, ...)."""
    side = float(np.linalg.norm(square[:, 0]))
    finer = max(1, int(np.ceil(side / (2 * size))))  # linear interpolation would skip pixels
    fine = warped(image, square, size * finer, cv2.INTER_LINEAR)
    if finer == 1:
        return fine
    return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)


def warped(values: NDArray[Any], square: Square, size: int, interpolation: int) -> NDArray[Any]:
    """The square of a map or picture (H, W, ...), sampled at (size, size) points."""
    linear = square[:, :2] / size
    # Pixels are continuous here and have their centres at whole numbers in OpenCV.
    matrix = np.column_stack([linear, linear @ [0.5, 0.5] + square[:, 2] - 0.5])
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, matrix, (size, size), flags=flags)
