# SPDX-License-Identifier: GPL-3.0-or-later
"""Small square pictures of the people in a photo."""

from typing import Final

import cv2
import numpy as np

from model_server.arrays import ImageArray, RGBAArray
from model_server.crops import Box
from model_server.image import Photo

SIZE_PX: Final = 256  # of the previews of Blender's assets
_MARGIN: Final = 0.1  # of the box's longer side, all round


def thumbnail(photo: Photo, box: Box) -> RGBAArray:
    """A square (S, S, 4) round a box in pixels of the original photo.

    S is 256 px, or less where the box is small. What lies outside of the photo is transparent.
    """
    x, y, width, height = (side / photo.scale for side in (box.x, box.y, box.width, box.height))
    square = _cut_out(photo.pixels, Box(x, y, width, height))
    size = min(SIZE_PX, len(square))
    return np.asarray(cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _cut_out(image: ImageArray, box: Box) -> RGBAArray:
    """A square (s, s, 4) of the image (H, W, 3) at its own size round the middle of the box."""
    height, width = image.shape[:2]
    side = max(1, round((1 + 2 * _MARGIN) * max(box.width, box.height)))
    left = round(box.x + (box.width - side) / 2)
    top = round(box.y + (box.height - side) / 2)
    square = np.zeros((side, side, 4), np.uint8)
    rows, columns = _overlap(top, side, height), _overlap(left, side, width)
    own = square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    own[..., :3], own[..., 3] = image[rows, columns], 255
    return square


def _overlap(start: int, length: int, bound: int) -> slice:
    """The part of start … start + length that lies in 0 … bound, perhaps empty."""
    first = min(max(start, 0), start + length)
    return slice(first, max(first, min(start + length, bound)))
