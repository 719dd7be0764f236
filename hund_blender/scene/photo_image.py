# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo as an image of the file, upright."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..errors import SceneError
from ..placing import PhotoResult
from .image_files import is_temporary, source_image


def load_photo(result: PhotoResult) -> bpy.types.Image:
    """The image that was imported where it shows the photo upright, else one loaded for it.

    What will be gone with the session is packed.
    """
    if result.shown is not None:
        return _load(result.shown)
    return source_image(result.path) or _load(result.path)


def _load(path: Path) -> bpy.types.Image:
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise _unreadable(path) from error
    size: Any = image.size  # the stubs of 5.2 cannot index it
    if 0 in (size[0], size[1]):
        raise _unreadable(path)
    if is_temporary(path) and image.packed_file is None:
        image.pack()
        image.filepath_raw = f"//{image.name}"  # where unpacking shall put it
    return image


def _unreadable(path: Path) -> SceneError:
    return SceneError(
        f"Blender cannot show {path.name}.", "Save the photo as JPEG or PNG and import it again."
    )
