# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos and clips dropped on a 3D view."""

from __future__ import annotations

import bpy

from .clip.sources import MOVIE_EXTENSIONS
from .clip_operators import HUND_OT_import_clip
from .operators import HUND_OT_import_photos
from .panels import HUND_PT_main
from .photo_files import PHOTO_EXTENSIONS


class HUND_FH_photos(bpy.types.FileHandler):
    """Only beside an open HUND tab: elsewhere Blender makes reference images of what is dropped."""

    bl_idname = "HUND_FH_photos"
    bl_label = "People from Photos"
    bl_import_operator = HUND_OT_import_photos.bl_idname
    bl_file_extensions = ";".join(PHOTO_EXTENSIONS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return _beside_open_tab(context.area)


class HUND_FH_clips(bpy.types.FileHandler):
    """Likewise, for Blender makes image empties of movies."""

    bl_idname = "HUND_FH_clips"
    bl_label = "People from a Clip"
    bl_import_operator = HUND_OT_import_clip.bl_idname
    bl_file_extensions = ";".join(MOVIE_EXTENSIONS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return _beside_open_tab(context.area)


def _beside_open_tab(area: bpy.types.Area | None) -> bool:
    if area is None or area.type != "VIEW_3D":
        return False
    sidebars = (region for region in area.regions if region.type == "UI" and region.width > 1)
    return any(side.active_panel_category == HUND_PT_main.bl_category for side in sidebars)


CLASSES = (HUND_FH_photos, HUND_FH_clips)
