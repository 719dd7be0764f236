# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo as an image of the file, upright."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..errors import SceneError
from ..estimate import Photo
from ..exif import UPRIGHT, jpeg_orientation, upright
from .image_files import is_temporary

Array = npt.NDArray[Any]

JPEG_QUALITY: Final = 95


def load_photo(path: Path, photo: Photo) -> bpy.types.Image:
    """Load the photo; a turned one as an upright packed copy, since Blender ignores EXIF."""
    image = _load(path)
    orientation = _orientation(path)
    if orientation != UPRIGHT:
        return _turned(image, photo, orientation)
    if is_temporary(path):
        _pack(image, image.name)
    return image


def photo_pixels(path: Path) -> Array:
    """The upright photo's pixels (H, W, 4), RGBA 0…1, first row on top; no image stays behind."""
    stored = _load(path)
    try:
        return upright(_read(stored), _orientation(path))
    finally:
        bpy.data.images.remove(stored)


def _load(path: Path) -> bpy.types.Image:
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError as error:
        raise _unreadable(path) from error
    if 0 in _size(image):
        raise _unreadable(path)
    return image


def _orientation(path: Path) -> int:
    return jpeg_orientation(path.read_bytes())


def _turned(stored: bpy.types.Image, photo: Photo, orientation: int) -> bpy.types.Image:
    name, pixels = stored.name, upright(_read(stored), orientation)
    bpy.data.images.remove(stored)
    drawn = bpy.data.images.new(name, photo.width, photo.height)
    _pixels(drawn).foreach_set(np.ascontiguousarray(pixels[::-1]).ravel())
    return _packed_as_jpeg(drawn, name)


def _read(image: bpy.types.Image) -> Array:
    """Pixels (H, W, 4) as stored, first row on top."""
    width, height = _size(image)
    pixels = np.empty(width * height * 4, np.float32)
    _pixels(image).foreach_get(pixels)
    return pixels.reshape(height, width, 4)[::-1]


def _packed_as_jpeg(drawn: bpy.types.Image, name: str) -> bpy.types.Image:
    """A drawn image as if loaded from a JPEG; packed directly it would be a large PNG."""
    with tempfile.TemporaryDirectory() as folder:
        drawn.filepath_raw = str(Path(folder) / name)
        drawn.file_format = "JPEG"
        drawn.save(quality=JPEG_QUALITY)
        bpy.data.images.remove(drawn)
        image = bpy.data.images.load(str(Path(folder) / name))
        _pack(image, name)
    return image


def _pack(image: bpy.types.Image, name: str) -> None:
    image.pack()
    image.filepath_raw = f"//{name}"  # where unpacking shall put it


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
