# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that are open in Blender as photo files: their own, or written for the server to read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import bpy

from ..compat import save_copy
from ..errors import PhotoError

FOLDER: Final = "Photos"  # in the session's temporary folder, which Blender deletes at its end
MOVING: Final = frozenset({"MOVIE", "SEQUENCE"})
STILL: Final = frozenset({"FILE", "GENERATED"})
SAVE_IT: Final = "Save it as an image file (Image > Save As), open that and use it."


def photo_file(image: Any) -> Path:
    """A file with the image as it is now; PhotoError where it is no photo."""
    if image.source in MOVING:
        raise PhotoError(f"“{image.name}” is a movie, not a photo.", f"Show one frame. {SAVE_IT}")
    if image.source not in STILL:
        raise PhotoError(f"“{image.name}” has no picture of its own.", SAVE_IT)
    if image.is_dirty or image.source == "GENERATED":
        return _written_anew(image)
    if image.packed_file is not None:
        return _unpacked(image)
    path = Path(bpy.path.abspath(image.filepath, library=image.library))
    if not path.is_file():
        raise PhotoError(f"The file of “{image.name}” is missing: {path}.", "Find it or unpack it.")
    return path


def is_temporary(path: Path) -> bool:
    """Whether the file will be gone with the session."""
    return path.is_relative_to(bpy.app.tempdir)


def source_image(path: Path) -> Any:
    """The image that `photo_file` wrote this file for, where it did and that is still there."""
    if path.parent.parent != Path(bpy.app.tempdir) / FOLDER:
        return None
    return bpy.data.images.get(unquote(path.parent.name))


def keep_copy(folder: Path, path: Path, jpeg: bytes) -> Path:
    """Keep a photo in another form in a temporary folder; called in a thread."""
    copy = Path(tempfile.mkdtemp(dir=folder)) / f"{path.stem}.jpg"
    copy.write_bytes(jpeg)
    return copy


def _written_anew(image: Any) -> Path:
    path = _temporary(image, ".png")
    try:
        save_copy(image, path)
    except RuntimeError as error:
        raise PhotoError(f"“{image.name}” cannot be read ({error}).", SAVE_IT) from error
    return path


def _unpacked(image: Any) -> Path:
    """The packed bytes as they are: with EXIF, and as small as they were."""
    path = _temporary(image, Path(image.filepath).suffix or ".png")
    path.write_bytes(image.packed_file.data)
    return path


def _temporary(image: Any, suffix: str) -> Path:
    folder = Path(bpy.app.tempdir) / FOLDER / quote(image.name, safe="")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{bpy.path.clean_name(Path(image.name).stem)}{suffix}"
