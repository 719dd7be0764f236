# SPDX-License-Identifier: GPL-3.0-or-later
"""Square crops, turned by quarters and mirrored, and the exact way back to the picture.

Pixels are continuous: a picture of width W spans 0…W, so resizing is a plain scale and mirroring
is `W - x`.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray, ImageArray


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        return self.width * self.height

    def grown(self, factor: float) -> "Box":
        """The same centre, both sides times `factor`."""
        (x, y), width, height = self.center, self.width * factor, self.height * factor
        return Box(x - width / 2, y - height / 2, width, height)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0…1."""
    common = _common_area(a, b)
    return common / max(a.area + b.area - common, 1e-9)


def share_within(a: Box, b: Box) -> float:
    """How much of `a` lies in `b`, 0…1."""
    return _common_area(a, b) / max(a.area, 1e-9)


def _common_area(a: Box, b: Box) -> float:
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    return max(width, 0.0) * max(height, 0.0)


def box_around(points_px: FloatArray) -> Box:
    """The smallest box that holds all `points_px` (N, 2)."""
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


@dataclass(frozen=True)
class Crop:
    """A square of the picture, scaled to `size` pixels, turned by quarters, then mirrored."""

    left: int  # may be outside of the picture, as may the far edges; there the crop is black
    top: int
    side: int
    size: int
    quarter_turns: int = 0  # counter-clockwise, as `np.rot90`
    mirrored: bool = False

    @property
    def scale(self) -> float:
        """Picture pixels per crop pixel."""
        return self.side / self.size

    def turned(self, quarter_turns: int, *, mirrored: bool) -> "Crop":
        """The same square, shown another way."""
        return Crop(self.left, self.top, self.side, self.size, quarter_turns % 4, mirrored)


def square_crop(box: Box, size: int) -> Crop:
    """The smallest square of whole pixels around `box`, shown with `size` pixels."""
    (x, y), side = box.center, max(int(np.ceil(max(box.width, box.height))), 2)
    return Crop(int(np.floor(x - side / 2)), int(np.floor(y - side / 2)), side, size)


def quarters_to_upright(up_px: FloatArray) -> int:
    """How many quarter turns bring the direction `up_px` (2,) of the picture nearest to up."""
    clockwise = np.arctan2(float(up_px[0]), -float(up_px[1]))
    return round(clockwise / (np.pi / 2)) % 4


def cut(image: ImageArray, crop: Crop) -> ImageArray:
    """The crop's pixels (size, size, 3); black where it reaches out of `image` (H, W, 3)."""
    shrinking = crop.side > crop.size
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    square = cv2.resize(
        _padded_square(image, crop), (crop.size, crop.size), interpolation=interpolation
    )
    turned = np.rot90(square, crop.quarter_turns)
    return np.ascontiguousarray(turned[:, ::-1] if crop.mirrored else turned, np.uint8)


def _padded_square(image: NDArray[Any], crop: Crop) -> NDArray[Any]:
    height, width = image.shape[:2]
    left, top = max(crop.left, 0), max(crop.top, 0)
    right, bottom = min(crop.left + crop.side, width), min(crop.top + crop.side, height)
    square = np.zeros((crop.side, crop.side, *image.shape[2:]), image.dtype)
    if right > left and bottom > top:
        inside = square[top - crop.top : bottom - crop.top, left - crop.left : right - crop.left]
        inside[:] = image[top:bottom, left:right]
    return square


def image_from_crop(crop: Crop) -> FloatArray:
    """The affine map (2, 3) from crop pixels to picture pixels."""
    place = np.array([[crop.scale, 0, crop.left], [0, crop.scale, crop.top], [0, 0, 1]])
    upright_from_turned = np.linalg.matrix_power(_quarter_turn(crop.size), crop.quarter_turns)
    chain = place @ upright_from_turned @ (_mirror(crop.size) if crop.mirrored else np.eye(3))
    return chain[:2].astype(np.float32)


def crop_from_image(crop: Crop) -> FloatArray:
    """The inverse of `image_from_crop`, (2, 3)."""
    forth = np.vstack([image_from_crop(crop).astype(np.float64), [0, 0, 1]])
    return np.linalg.inv(forth)[:2].astype(np.float32)


def apply_affine(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """`points` (..., 2) through an affine map (2, 3)."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def camera_turn(crop: Crop) -> FloatArray:
    """The orthogonal matrix (3, 3) from camera-aligned directions of the crop to the picture's.

    Its determinant is -1 for a mirrored crop; whoever applies it swaps the names of left and right.
    """
    turn = np.eye(3, dtype=np.float32)
    turn[:2, :2] = image_from_crop(crop)[:, :2] / crop.scale
    return turn


def _quarter_turn(size: int) -> NDArray[np.float64]:
    """Undoes one `np.rot90`: x = size - y', y = x'."""
    return np.array([[0.0, -1.0, size], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def _mirror(size: int) -> NDArray[np.float64]:
    return np.array([[-1.0, 0.0, size], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def paste_mask(mask: FloatArray, crop: Crop, shape: tuple[int, int]) -> FloatArray:
    """A mask of the crop (size, size) as a mask of the picture (H, W), zero outside of the crop."""
    flat = mask[:, ::-1] if crop.mirrored else mask
    upright = np.ascontiguousarray(np.rot90(flat, -crop.quarter_turns))
    square = cv2.resize(upright, (crop.side, crop.side), interpolation=cv2.INTER_LINEAR)
    # Taking the picture out of the square is the same cut with the roles swapped.
    height, width = shape
    around = Crop(-crop.left, -crop.top, max(height, width), max(height, width))
    return _padded_square(square, around)[:height, :width]
