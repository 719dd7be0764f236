# SPDX-License-Identifier: GPL-3.0-or-later
"""Small square pictures of the people in a photo."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SIZE_PX: Final = 256  # of asset previews
MARGIN: Final = 0.1  # of the box's longer side, all round


def thumbnail(pixels: Array, box_px: Array) -> Array:
    """A square (S, S, 4) round a box (4,) of x, y, width, height in a picture (H, W, 4).

    S is 256 px, or less where the box is small. What lies outside of the picture is transparent.
    """
    square = _cut_out(pixels, box_px)
    side = len(square)
    size = min(SIZE_PX, side)
    edges = np.arange(size + 1) * side // size
    counts = np.diff(edges).astype(np.float32)
    rows = np.add.reduceat(square, edges[:-1], 0) / counts[:, None, None]
    columns: Array = np.add.reduceat(rows, edges[:-1], 1) / counts[None, :, None]
    return columns


def _cut_out(pixels: Array, box_px: Array) -> Array:
    """A square (s, s, 4) at full size round the middle of the box."""
    height, width = pixels.shape[:2]
    x, y, box_width, box_height = box_px
    side = max(1, round((1 + 2 * MARGIN) * max(box_width, box_height)))
    left, top = round(x + (box_width - side) / 2), round(y + (box_height - side) / 2)
    square = np.zeros((side, side, 4), np.float32)
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    if rows.start < rows.stop and columns.start < columns.stop:
        own_rows = slice(rows.start - top, rows.stop - top)
        own_columns = slice(columns.start - left, columns.stop - left)
        square[own_rows, own_columns] = pixels[rows, columns]
    return square
