# SPDX-License-Identifier: GPL-3.0-or-later
"""The HUND tab in the 3D view's sidebar, and the entry in File > Import."""

from __future__ import annotations

from typing import Any

import bpy

from .feedback import characters_across, draw_problem, draw_text
from .found_panel import draw_found
from .image_operators import (
    HUND_OT_import_camera_photo,
    HUND_OT_import_image,
    background_images,
    open_image,
)
from .importing import FOUND, POSE, POSE_ASSETS, SHAPE, SLOT
from .job import Job
from .operators import (
    HUND_OT_cancel,
    HUND_OT_clear_problems,
    HUND_OT_import_photos,
    HUND_OT_reset_shape,
)
from .preferences import is_set_up, server_settings
from .progress import problem_of
from .properties import SLIDERS
from .scene.character import character_of, shape_obstacle

MARGIN_PX = 70


class HUND_PT_main(bpy.types.Panel):
    bl_label = "People from Photos"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "HUND"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        assert layout is not None
        if SLOT.job is not None:
            _draw_progress(layout, SLOT.job)
        elif FOUND.results:
            draw_found(layout, FOUND)
        elif not is_set_up(server_settings(context)):
            _draw_set_up(layout, context)
        else:
            _draw_imports(layout, context)
        if SLOT.problems:
            _draw_problems(layout, context)


class HUND_PT_body(bpy.types.Panel):
    bl_label = "Body"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "HUND"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return character_of(context.object) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout, character = self.layout, character_of(context.object)
        assert layout is not None
        assert character is not None
        problem = shape_obstacle(character.data)
        for make, text in ((POSE, "Pose from Photo…"), (SHAPE, "Shape from Photo…")):
            button: Any = layout.operator(HUND_OT_import_photos.bl_idname, text=text)
            button.make = make
        column = layout.column(align=True)
        column.enabled = problem is None
        for name in SLIDERS:
            column.prop(character.data.hund, name, slider=True)
        column.separator()
        column.operator(HUND_OT_reset_shape.bl_idname, icon="LOOP_BACK")
        if problem is not None:
            draw_problem(layout.box(), problem_of(problem), characters_across(context, MARGIN_PX))


def _draw_set_up(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    text = "Photos are looked at by a model server on this computer, which is installed once."
    draw_text(layout, text, characters_across(context, MARGIN_PX))
    show = layout.operator("preferences.addon_show", text="Set Up…", icon="PREFERENCES")
    show.module = __package__ or ""


def _draw_imports(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    layout.operator(HUND_OT_import_photos.bl_idname, text="Import Photos…", icon="IMAGE_DATA")
    assets: Any = layout.operator(
        HUND_OT_import_photos.bl_idname, text="Pose Assets from Photos…", icon="ASSET_MANAGER"
    )
    assets.make = POSE_ASSETS
    if background_images(context):
        camera = HUND_OT_import_camera_photo.bl_idname
        layout.operator(camera, text="From Camera Background…", icon="CAMERA_DATA")


def _draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    layout.progress(factor=job.progress.fraction, text=f"{job.progress.fraction:.0%}")
    layout.label(text=job.progress.text)
    layout.operator(HUND_OT_cancel.bl_idname, text="Cancel", icon="CANCEL")


def _draw_problems(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    header = layout.row()
    header.label(text="Messages", icon="INFO")
    header.operator(HUND_OT_clear_problems.bl_idname, text="", icon="X", emboss=False)
    characters = characters_across(context, MARGIN_PX)
    for problem in SLOT.problems:
        draw_problem(layout.box(), problem, characters)


def draw_import_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(HUND_OT_import_photos.bl_idname, text="People from Photos (HUND)")


def draw_image_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if open_image(context) is not None:
        menu.layout.separator()
        menu.layout.operator(HUND_OT_import_image.bl_idname, text="Import People (HUND)…")


CLASSES = (HUND_PT_main, HUND_PT_body)
