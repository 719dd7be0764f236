# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an artist's own bone maps are kept."""

from __future__ import annotations

from pathlib import Path

import bpy


def user_folder(*, create: bool = False) -> Path | None:
    """The folder of the maps that are offered in all files; None where this is no extension."""
    try:
        folder = bpy.utils.extension_path_user(__package__ or "", path="bone_maps", create=create)
    except ValueError:
        return None
    return Path(folder)
