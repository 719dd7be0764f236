# SPDX-License-Identifier: GPL-3.0-or-later
"""Small image files, written by Blender itself."""

from pathlib import Path

import bpy
import numpy as np


def write_picture(
    path: Path, width: int = 64, height: int = 48, pixels: np.ndarray | None = None
) -> None:
    """A PNG or JPEG; pixels (H, W, 4) 0…1 with the first row on top, grey where not given."""
    image = bpy.data.images.new("picture", width, height)
    if pixels is not None:
        image.pixels.foreach_set(np.ascontiguousarray(pixels[::-1], np.float32).ravel())
    image.file_format = "PNG" if path.suffix == ".png" else "JPEG"
    image.filepath_raw = str(path)
    image.save()
    bpy.data.images.remove(image)
