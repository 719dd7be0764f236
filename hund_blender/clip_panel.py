# SPDX-License-Identifier: GPL-3.0-or-later
"""The clips' part of the HUND tab: import, progress, and the sliders of who is moved."""

from __future__ import annotations

from typing import Any

import bpy

from .clip.cleanup import PRESETS
from .clip.job import ClipJob
from .clip_character_operators import (
    HUND_OT_cancel_clip,
    HUND_OT_clear_clip_problems,
    HUND_OT_reprocess_clip,
    HUND_OT_resume_clip,
    moved_by_clip,
)
from .clip_import_settings import SELECTED
from .clip_importing import CLIPS
from .clip_operators import (
    HUND_OT_import_clip,
    HUND_OT_import_open_clip,
    HUND_OT_open_clip_result,
)
from .clip_settings import draw_clean_up, draw_keys
from .feedback import characters_across, draw_problem
from .motion_file_operators import HUND_OT_export_motion
from .other_result_operators import HUND_OT_import_other_result
from .preferences import is_set_up, server_settings
from .properties import clip_settings_of
from .scene.character import character_of
from .scene.clip_store import part_of
from .scene.open_movies import IMAGE, MOVIE_CLIP, STRIP, open_movies

MARGIN_PX = 70
ICONS = {MOVIE_CLIP: "TRACKER", IMAGE: "IMAGE_DATA", STRIP: "SEQUENCE"}


class HUND_MT_open_clips(bpy.types.Menu):
    bl_idname = "HUND_MT_open_clips"
    bl_label = "From Open Clip"

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        for kind, name in open_movies(context.scene) if context.scene is not None else ():
            button = layout.operator(
                HUND_OT_import_open_clip.bl_idname, text=name, icon=ICONS[kind]
            )
            button.kind, button.name = kind, name


class HUND_PT_clips(bpy.types.Panel):
    bl_label = "People from Clips"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "HUND"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        if CLIPS.job is not None:
            _draw_progress(layout, CLIPS.job)
        elif is_set_up(server_settings(context)):
            _draw_imports(layout, context)
        else:
            layout.label(text="Set up the model server first", icon="INFO")
            if character_of(context.object) is not None:
                _draw_other_result(layout, context)
        if CLIPS.problems:
            _draw_problems(layout, context)


class HUND_PT_clip_motion(bpy.types.Panel):
    bl_label = "Motion"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "HUND"
    bl_order = 2

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return moved_by_clip(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        settings = clip_settings_of(moved_by_clip(context))
        row = layout.row(align=True)
        for preset, text in ((name, name.capitalize()) for name in PRESETS):
            button = row.operator(
                HUND_OT_reprocess_clip.bl_idname, text=text, depress=settings.is_at(preset)
            )
            button.preset = preset
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "strength", slider=True)
        draw_keys(layout, settings)
        row = layout.row()
        row.scale_y = 1.4
        row.operator(HUND_OT_reprocess_clip.bl_idname, icon="FILE_REFRESH")
        if not part_of(moved_by_clip(context)).finished:
            layout.operator(HUND_OT_resume_clip.bl_idname, icon="PLAY")
        layout.operator(HUND_OT_export_motion.bl_idname, text="Export Motion…", icon="EXPORT")


class HUND_PT_clip_clean_up(bpy.types.Panel):
    bl_label = "Clean-up"
    bl_parent_id = "HUND_PT_clip_motion"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "HUND"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        draw_clean_up(layout, clip_settings_of(moved_by_clip(context)))


def _draw_imports(layout: Any, context: bpy.types.Context) -> None:
    layout.operator(HUND_OT_import_clip.bl_idname, text="Import Clip…", icon="FILE_MOVIE")
    if character_of(context.object) is not None:
        button = layout.operator(
            HUND_OT_import_clip.bl_idname, text="Move Character by Clip…", icon="ARMATURE_DATA"
        )
        button.target = SELECTED
    if context.scene is not None and open_movies(context.scene):
        layout.menu(HUND_MT_open_clips.bl_idname, icon="SEQUENCE")
    layout.operator(HUND_OT_open_clip_result.bl_idname, text="Import Clip Result…", icon="FILE")
    _draw_other_result(layout, context)


def _draw_other_result(layout: Any, context: bpy.types.Context) -> None:
    """A character that is there is likely to be the one that shall move."""
    button = layout.operator(
        HUND_OT_import_other_result.bl_idname, text="Import Other Tool's Result…", icon="IMPORT"
    )
    if character_of(context.object) is not None:
        button.target = SELECTED


def _draw_progress(layout: Any, job: ClipJob) -> None:
    layout.progress(factor=job.progress.fraction, text=f"{job.progress.fraction:.0%}")
    layout.label(text=job.progress.text)
    layout.operator(HUND_OT_cancel_clip.bl_idname, icon="CANCEL")


def _draw_problems(layout: Any, context: bpy.types.Context) -> None:
    header = layout.row()
    header.label(text="Messages", icon="INFO")
    header.operator(HUND_OT_clear_clip_problems.bl_idname, text="", icon="X", emboss=False)
    characters = characters_across(context, MARGIN_PX)
    for problem in CLIPS.problems:
        draw_problem(layout.box(), problem, characters)


def draw_import_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(HUND_OT_import_clip.bl_idname, text="People from Clip (HUND)")
    menu.layout.operator(
        HUND_OT_import_other_result.bl_idname,
        text="Other Tool's People (HUND: AMASS, SMPL, WHAM, SAM 3D Body, BVH)",
    )


CLASSES = (HUND_MT_open_clips, HUND_PT_clips, HUND_PT_clip_motion, HUND_PT_clip_clean_up)
