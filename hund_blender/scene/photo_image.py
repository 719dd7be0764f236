# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo as an image of the file, upright."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

from ..errors import SceneError
from ..estimate import Photo
from ..exif import UPRIGHT, jpeg_orientation, upright

JPEG_QUALITY: Final = 95


def load_photo(path: Path, photo: Photo) -> bpy.types.Image:
    """Load the photo; a turned one as an upright packed copy, since Blender ignores EXIF."""
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError as error:
        raise _unreadable(path) from error
    if 0 in _size(image):
        raise _unreadable(path)
    orientation = jpeg_orientation(path.read_bytes())
    return image if orientation == UPRIGHT else _turned(image, photo, orientation)


def _turned(stored: bpy.types.Image, photo: Photo, orientation: int) -> bpy.types.Image:
    width, height = _size(stored)
    pixels = np.empty(width * height * 4, np.float32)
    _pixels(stored).foreach_get(pixels)
    name = stored.name
    bpy.data.images.remove(stored)
    turned = upright(pixels.reshape(height, width, 4)[::-1], orientation)[::-1]
    drawn = bpy.data.images.new(name, photo.width, photo.height)
    _pixels(drawn).foreach_set(np.ascontiguousarray(turned).ravel())
    return _packed_as_jpeg(drawn, name)


def _packed_as_jpeg(drawn: bpy.types.Image, name: str) -> bpy.types.Image:
    """A drawn image as if loaded from a JPEG; packed directly it would be a large PNG."""
    with tempfile.TemporaryDirectory() as folder:
        drawn.filepath_raw = str(Path(folder) / name)
        drawn.file_format = "JPEG"
        drawn.save(quality=JPEG_QUALITY)
        bpy.data.images.remove(drawn)
        image = bpy.data.images.load(str(Path(folder) / name))
        image.pack()
    image.filepath_raw = f"//{name}"  # where unpacking shall put it
    return image


def _size(image: bpy.types.Image) -> tuple[int, int]:
    size: Any = image.size  # the stubs of 5.2 cannot index it
    return size[0], size[1]


def _pixels(image: bpy.types.Image) -> Any:
    """The stubs call them a float."""
    return image.pixels


def _unreadable(path: Path) -> SceneError:
    return SceneError(
        f"Blender cannot show {path.name}.", "Save the photo as JPEG or PNG and import it again."
    )
