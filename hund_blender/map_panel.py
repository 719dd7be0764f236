# SPDX-License-Identifier: GPL-3.0-or-later
"""The bone map of the rig that is shown: a list to search, pick and correct."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .map_operators import (
    HUND_OT_add_map_row,
    HUND_OT_load_map,
    HUND_OT_map_rig,
    HUND_OT_mirror_map,
    HUND_OT_save_map,
    HUND_OT_show_bone,
    HUND_OT_take_bone,
    HUND_OT_use_preset,
)
from .retarget.slots import main_slots
from .retargeting import all_presets
from .rig_panel import RigPart
from .rig_settings import retarget_of

ROWS: Final = 9
SURE: Final = 0.8
EXPECTED: Final = frozenset(main_slots())  # a human has them


class HUND_UL_map(bpy.types.UIList):
    """Parts of the body, each with its bone."""

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
        split = layout.split(factor=0.5, align=True)
        split.label(text=item.name, icon=_sureness(data, item))
        split.label(text=item.bone)

    def filter_items(self, context: Any, data: Any, name: str) -> tuple[list[int], list[int]]:
        """By part of the body or by bone; helpers that a rig does not have only when asked for."""
        wanted = self.filter_name.casefold()
        shown = [
            wanted in f"{row.name} {row.bone}".casefold()
            if wanted
            else bool(row.bone) or data.shows_all or row.slot in EXPECTED
            for row in getattr(data, name)
        ]
        return [self.bitflag_filter_item if show else 0 for show in shown], []


def _sureness(data: Any, item: Any) -> Any:
    if not item.bone:
        return "RADIOBUT_OFF"
    if data.thing is not None and item.bone not in data.thing.data.bones:
        return "ERROR"
    return "CHECKMARK" if item.sure > SURE else "QUESTION"


class HUND_MT_maps(bpy.types.Menu):
    bl_label = "Bone Maps"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.operator(HUND_OT_load_map.bl_idname, text="Load Map…", icon="FILEBROWSER")
        layout.operator(HUND_OT_save_map.bl_idname, text="Save Map…", icon="EXPORT")
        for text, to in (("Mirror Left to Right", ".R"), ("Mirror Right to Left", ".L")):
            mirror: Any = layout.operator(
                HUND_OT_mirror_map.bl_idname, text=text, icon="MOD_MIRROR"
            )
            mirror.to = to
        layout.separator()
        for preset in all_presets():
            use: Any = layout.operator(HUND_OT_use_preset.bl_idname, text=preset.name)
            use.preset = preset.name


class HUND_PT_rig_map(RigPart):
    bl_label = "Bone Map"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        layout, mapped = self.layout, retarget_of(context.scene).rig()
        assert layout is not None
        row = layout.row(align=True)
        row.operator(HUND_OT_map_rig.bl_idname, icon="FILE_REFRESH")
        row.menu("HUND_MT_maps", text="", icon="PRESET")
        row.prop(mapped, "shows_all", text="", icon="COLLAPSEMENU")
        layout.template_list("HUND_UL_map", "", mapped, "rows", mapped, "active_row", rows=ROWS)
        if 0 <= mapped.active_row < len(mapped.rows) and mapped.thing is not None:
            _draw_row(layout, mapped, mapped.rows[mapped.active_row])


def _draw_row(layout: bpy.types.UILayout, mapped: Any, row: Any) -> None:
    """The marked row, with room to change it."""
    column = layout.column(align=True)
    column.label(text=row.name)
    line = column.row(align=True)
    line.prop_search(row, "bone", mapped.thing.data, "bones", text="")
    line.operator(HUND_OT_take_bone.bl_idname, text="", icon="EYEDROPPER")
    line.operator(HUND_OT_show_bone.bl_idname, text="", icon="RESTRICT_SELECT_OFF")
    line.operator(HUND_OT_add_map_row.bl_idname, text="", icon="ADD")


CLASSES = (HUND_UL_map, HUND_MT_maps, HUND_PT_rig_map)
