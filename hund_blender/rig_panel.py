# SPDX-License-Identifier: GPL-3.0-or-later
"""“My Rig” in the sidebar: from a source onto the rigs that the artist already has."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .feedback import characters_across, draw_problem, draw_text
from .panels import MARGIN_PX, HUND_PT_main
from .progress import problem_of
from .retarget_operators import (
    HUND_OT_drop_source,
    HUND_OT_preview_rig,
    HUND_OT_retarget,
    HUND_OT_source_of_rigs,
)
from .retargeting import ACTION, KEY, POSE, obstacle
from .rig_operators import HUND_OT_add_rigs, HUND_OT_override_rig, HUND_OT_remove_rig
from .rig_preview import PREVIEW
from .rig_settings import retarget_of

RIGS: Final = 2
HOW: Final = "Choose a HUND character as source, then add the rig that shall take its pose."


class HUND_UL_rigs(bpy.types.UIList):
    """Rigs, each with how well it was recognised."""

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: Any,
        active_data: Any,
        active_property: Any,
    ) -> None:
        row = layout.row(align=True)
        row.prop(item, "chosen", text="")
        name = item.thing.name if item.thing is not None else "(gone)"
        row.label(text=name, icon="OUTLINER_OB_ARMATURE")
        row.label(text=f"{item.family} {item.sure:.0%}" if item.family else "not mapped")


class HUND_PT_rig(bpy.types.Panel):
    bl_label = "My Rig"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = HUND_PT_main.bl_category
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, retarget_of(context.scene)
        assert layout is not None
        characters = characters_across(context, MARGIN_PX)
        row = layout.row(align=True)
        row.prop(settings, "source")
        row.operator(HUND_OT_source_of_rigs.bl_idname, text="", icon="EYEDROPPER")
        layout.prop(settings, "asset")
        row = layout.row()
        row.template_list("HUND_UL_rigs", "", settings, "rigs", settings, "active_rig", rows=RIGS)
        column = row.column(align=True)
        column.operator(HUND_OT_add_rigs.bl_idname, text="", icon="ADD")
        column.operator(HUND_OT_remove_rig.bl_idname, text="", icon="REMOVE")
        mapped = settings.rig()
        if mapped is None:
            draw_text(layout, HOW, characters)
            return
        problem = obstacle(mapped.thing)
        if problem is not None:
            draw_problem(layout.box(), problem_of(problem), characters)
        if mapped.thing is not None and not mapped.thing.is_editable:
            layout.operator(HUND_OT_override_rig.bl_idname, icon="LIBRARY_DATA_OVERRIDE")
        _draw_apply(layout, characters)


def _draw_apply(layout: bpy.types.UILayout, characters: int) -> None:
    layout.operator(
        HUND_OT_preview_rig.bl_idname,
        icon="HIDE_OFF" if PREVIEW.is_on else "HIDE_ON",
        depress=PREVIEW.is_on,
    )
    if PREVIEW.message:
        draw_text(layout.box(), PREVIEW.message, characters)
    column = layout.column(align=True)
    column.scale_y = 1.2
    for way, text, icon in (
        (POSE, "Apply Pose", "POSE_HLT"),
        (KEY, "Key on This Frame", "KEYFRAME_HLT"),
        (ACTION, "Apply Action", "ACTION"),
    ):
        button: Any = column.operator(
            HUND_OT_retarget.bl_idname,
            text=text,
            icon=icon,  # type: ignore[arg-type]
        )
        button.way = way
    row = layout.row(align=True)
    for text, remove in (("Hide Source", False), ("Remove Source", True)):
        drop: Any = row.operator(HUND_OT_drop_source.bl_idname, text=text)
        drop.remove = remove


class RigPart(bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = HUND_PT_main.bl_category
    bl_parent_id = "HUND_PT_rig"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return retarget_of(context.scene).rig() is not None


class HUND_PT_rig_options(RigPart):
    bl_label = "How"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, retarget_of(context.scene)
        assert layout is not None
        layout.prop(settings, "amount")
        layout.label(text="Parts of the Body")
        grid = layout.grid_flow(columns=2, align=True)
        grid.prop(settings, "parts")
        column = layout.column(heading="")
        for name in ("face", "mirror", "feet", "hands", "rigid_ik", "at_source"):
            column.prop(settings, name)
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in ("arms_by", "legs_by", "root"):
            layout.prop(settings, name)


CLASSES = (
    HUND_UL_rigs,
    HUND_PT_rig,
    HUND_PT_rig_options,
)
