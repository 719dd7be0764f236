# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are taken for photos."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# HEIC can be chosen so that somebody says how to get a JPEG of it.
PHOTO_EXTENSIONS: Final = (
    ".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".heic", ".heif",
)  # fmt: skip


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder by name, without those in folders below it."""
    if not folder.is_dir():
        return []
    files = (file for file in folder.iterdir() if file.is_file() and file.name[0] != ".")
    return sorted(file for file in files if file.suffix.lower() in PHOTO_EXTENSIONS)
