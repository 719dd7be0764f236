# SPDX-License-Identifier: GPL-3.0-or-later
"""The orientation of a JPEG: Blender shows it as stored, the server speaks of it upright."""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

UPRIGHT: Final = 1
_ORIENTATION_TAG: Final = 0x0112
_APP1, _START_OF_SCAN = 0xE1, 0xDA


def jpeg_orientation(data: bytes) -> int:
    """EXIF orientation 1…8 of the bytes of an image file; 1 for anything that does not say."""
    try:
        orientation = _tiff_orientation(_exif_block(data))
    except (struct.error, IndexError):
        return UPRIGHT
    return orientation if 1 <= orientation <= 8 else UPRIGHT


def _exif_block(data: bytes) -> bytes:
    """The TIFF structure inside the EXIF segment, empty where there is none."""
    position = 2 if data[:2] == b"\xff\xd8" else len(data)
    while (
        position + 4 <= len(data)
        and data[position] == 0xFF
        and data[position + 1] != _START_OF_SCAN
    ):
        (length,) = struct.unpack_from(">H", data, position + 2)
        segment = data[position + 4 : position + 2 + length]
        if data[position + 1] == _APP1 and segment[:6] == b"Exif\0\0":
            return segment[6:]
        position += 2 + length
    return b""


def _tiff_orientation(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _ORIENTATION_TAG:
            return int(value)
    return UPRIGHT


def upright(pixels: Array, orientation: int) -> Array:
    """Pixels (H, W, C), first row on top, turned and mirrored as the orientation asks."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
