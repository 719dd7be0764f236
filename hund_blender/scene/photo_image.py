# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo as an image of the file, upright."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ..errors import SceneError
from ..estimate import Photo
from ..exif import UPRIGHT, jpeg_orientation, upright


def load_photo(path: Path, photo: Photo) -> bpy.types.Image:
    """Load the photo; a turned one becomes an upright packed copy, since Blender ignores the EXIF orientation."""
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError as error:
        raise _unreadable(path) from error
    if min(image.size) == 0:
        raise _unreadable(path)
    orientation = jpeg_orientation(path.read_bytes())
    return image if orientation == UPRIGHT else _turned(image, photo, orientation)


def _turned(stored: bpy.types.Image, photo: Photo, orientation: int) -> bpy.types.Image:
    width, height = stored.size
    pixels = np.empty(width * height * 4, np.float32)
    stored.pixels.foreach_get(pixels)
    name = stored.name
    bpy.data.images.remove(stored)
    turned = upright(pixels.reshape(height, width, 4)[::-1], orientation)[::-1]
    image = bpy.data.images.new(name, photo.width, photo.height)
    image.pixels.foreach_set(np.ascontiguousarray(turned).ravel())
    image.pack()
    return image


def _unreadable(path: Path) -> SceneError:
    return SceneError(f"Blender cannot show {path.name}.", "Save the photo as JPEG or PNG and import it again.")
