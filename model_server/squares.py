# SPDX-License-Identifier: GPL-3.0-or-later
"""Squares of a picture that are turned any way, and what is seen in them.

A square is the affine map (2, 3) from itself, 0…1 across and down, to pixels of the picture.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray, ImageArray

_LEAST_PX: Final = 4.0

Square = FloatArray


def square_around(points_px: FloatArray, up_px: FloatArray, margin: float) -> Square:
    """The square around points (P, 2) whose upper side is towards `up_px` (2,)."""
    axes = _axes(up_px)
    along = points_px @ axes.T
    low, high = along.min(0), along.max(0)
    return _square((low + high) / 2 @ axes, axes, margin * float((high - low).max()))


def square_about(middle_px: FloatArray, up_px: FloatArray, side_px: float) -> Square:
    """The square with its middle at (2,) whose upper side is towards `up_px` (2,)."""
    return _square(middle_px, _axes(up_px), side_px)


def _axes(up_px: FloatArray) -> FloatArray:
    """Across and down (2, 2) where up is `up_px` (2,)."""
    length = float(np.linalg.norm(up_px))
    down = -up_px / length if length > 0 else np.array([0.0, 1.0])
    return np.stack([(down[1], -down[0]), down])


def _square(middle_px: FloatArray, axes: FloatArray, side_px: float) -> Square:
    linear = max(side_px, _LEAST_PX) * axes.T
    return np.column_stack([linear, middle_px - linear @ [0.5, 0.5]])


def mirrored_square(square: Square) -> Square:
    """The square in the picture of a square in its mirror image, where x is -x."""
    return square * np.array([[-1.0], [1.0]])


def from_square(square: Square, places: FloatArray) -> FloatArray:
    """Places (..., 2) in the square, 0…1 inside, to pixels."""
    return places @ square[:, :2].T + square[:, 2]


def in_square(square: Square, px: FloatArray) -> FloatArray:
    """The inverse of `from_square`."""
    return (px - square[:, 2]) @ np.linalg.inv(square[:, :2]).T


def cut_square(image: ImageArray, square: Square, size: int) -> ImageArray:
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
