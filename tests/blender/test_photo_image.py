# SPDX-License-Identifier: GPL-3.0-or-later
"""EXIF orientation: what Blender shows is the upright photo that the server spoke of."""

import struct
from pathlib import Path

import numpy as np
import pytest
from pictures import write_picture

from hund_blender.estimate import Photo
from hund_blender.exif import jpeg_orientation
from hund_blender.scene.photo_image import load_photo

# Row and column (0 first, 1 last) of the stored picture where the upright one has its top left.
TOP_LEFT = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}


def exif_segment(orientation: int, order: str = "<") -> bytes:
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    directory = struct.pack(f"{order}H", 1) + entry + struct.pack(f"{order}I", 0)
    header = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    exif = b"Exif\0\0" + header + directory
    return b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif


def write_turned(path: Path, orientation: int) -> None:
    """A 64x32 JPEG, black but for the corner that comes to the upright picture's top left."""
    pixels = np.zeros((32, 64, 4))
    pixels[..., 3] = 1
    row, column = TOP_LEFT[orientation]
    pixels[16 * row :, :][:16, 32 * column :][:, :32] = 1
    write_picture(path, 64, 32, pixels)
    data = path.read_bytes()
    path.write_bytes(data[:2] + exif_segment(orientation) + data[2:])


@pytest.mark.parametrize("orientation", TOP_LEFT)
def test_the_photo_stands_upright(tmp_path: Path, orientation: int) -> None:
    write_turned(tmp_path / "turned.jpg", orientation)
    width, height = (32, 64) if orientation > 4 else (64, 32)
    image = load_photo(tmp_path / "turned.jpg", Photo(width, height, 100.0, "exif", (0.0, 0.0)))
    assert tuple(image.size) == (width, height)
    pixels = np.array(image.pixels[:]).reshape(height, width, 4)[::-1, :, 0]
    middle = pixels[: height // 2, : width // 2].mean(), pixels.mean()
    assert middle[0] > 0.9
    assert middle[1] == pytest.approx(0.25, abs=0.05)
    assert (image.packed_file is not None) == (orientation != 1)


@pytest.mark.parametrize("order", "<>")
def test_both_byte_orders(order: str) -> None:
    assert jpeg_orientation(b"\xff\xd8" + exif_segment(6, order) + b"\xff\xda") == 6


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe1",
        b"\xff\xd8\xff\xe1\x00\x10Exif\0\0II",
        b"\xff\xd8" + exif_segment(9),
        b"\xff\xd8" + exif_segment(6)[:20],
        b"\xff\xd8\xff\xe0\x00\x00" * 3,
    ],
)
def test_everything_else_counts_as_upright(data: bytes) -> None:
    assert jpeg_orientation(data) == 1
