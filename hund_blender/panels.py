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
    HUND_OT_import_reference,
    background_images,
    open_image,
    reference_images,
)
from .importing import FOUND, POSE, POSE_ASSETS, SHAPE, SLOT
from .installer.machine import Device
from .job import Job
from .mirror_operators import HUND_OT_mirror_pose
from .operators import (
    HUND_OT_cancel,
    HUND_OT_clear_problems,
    HUND_OT_import_photos,
    HUND_OT_reset_shape,
)
from .placing import Placing
from .preferences import draw_install_button, draw_task, is_set_up, server_settings
from .progress import problem_of
from .properties import SLIDERS, correcting_of
from .scene.camera import is_photo_camera
from .scene.character import character_of, shape_obstacle
from .scene.framing import own_cameras
from .server_tasks import TASKS, find_environment
from .smplx_operators import draw_smplx

MARGIN_PX = 70
FROM_PHOTO = (
    (POSE, "Pose from Photo…", "OUTLINER_OB_ARMATURE"),
    (SHAPE, "Shape from Photo…", "OUTLINER_OB_MESH"),
)


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
        column: Any = layout.column(align=True)
        for make, text, icon in FROM_PHOTO:
            button: Any = column.operator(HUND_OT_import_photos.bl_idname, text=text, icon=icon)
            button.make = make
        column.operator(HUND_OT_mirror_pose.bl_idname, icon="MOD_MIRROR")
        draw_smplx(column, context)
        sliders = layout.column(align=True)
        sliders.enabled = problem is None
        for name in SLIDERS:
            sliders.prop(character.data.hund, name, slider=True)
        sliders.separator()
        sliders.operator(HUND_OT_reset_shape.bl_idname, icon="LOOP_BACK")
        row = layout.row()
        row.active = bool(own_cameras(character.data))
        row.prop(correcting_of(context.scene), "camera_follows")
        if problem is not None:
            draw_problem(layout.box(), problem_of(problem), characters_across(context, MARGIN_PX))


def _draw_set_up(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    characters = characters_across(context, MARGIN_PX)
    if TASKS.job is not None:
        draw_task(layout, TASKS.job)
        return
    text = "A model server on this computer finds the people in photos. It is installed once."
    draw_text(layout, text, characters)
    environment = find_environment()
    if environment is not None and environment.bundle is not None:
        draw_install_button(layout, Device.CPU, "Install Model Server", characters)
    show = layout.operator("preferences.addon_show", text="More Options…", icon="PREFERENCES")
    show.module = __package__ or ""
    for problem in TASKS.problems:
        draw_problem(layout.box(), problem, characters)


def _draw_imports(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    layout.operator(HUND_OT_import_photos.bl_idname, text="Import Photos…", icon="IMAGE_DATA")
    assets: Any = layout.operator(
        HUND_OT_import_photos.bl_idname, text="Pose Assets from Photos…", icon="ASSET_MANAGER"
    )
    assets.make = POSE_ASSETS
    if background_images(context) and not is_photo_camera(context.scene.camera):
        camera = HUND_OT_import_camera_photo.bl_idname
        layout.operator(camera, text="From Camera Background…", icon="CAMERA_DATA")
    if reference_images(context):
        reference = HUND_OT_import_reference.bl_idname
        layout.operator(reference, text="From Reference Image…", icon="IMAGE_REFERENCE")


def _draw_progress(layout: bpy.types.UILayout, job: Job | Placing) -> None:
    layout.progress(factor=job.progress.fraction, text=f"{job.progress.fraction:.0%}")
    layout.label(text=job.progress.text)
    if job.progress.time_left:
        layout.label(text=job.progress.time_left)
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
