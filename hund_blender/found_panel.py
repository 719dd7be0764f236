# SPDX-License-Identifier: GPL-3.0-or-later
"""The people that were found, with their pieces of the photos, to choose among."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from .found import Found, Pick
from .found_operators import (
    HUND_OT_create_people,
    HUND_OT_discard_people,
    HUND_OT_toggle_person,
)

PICTURE_SCALE: Final = 5.0
PICTURE_SHARE: Final = 0.5  # of the width


def draw_found(layout: Any, found: Found) -> None:
    for photo, picks in groupby(found.people(), lambda pick: pick.photo):
        box = layout.box()
        box.label(text=found.results[photo].path.name, icon="FILE_IMAGE")
        for pick in picks:
            _draw_person(box.row(), found, pick)
    row = layout.row()
    row.scale_y = 1.4
    create = f"Create {len(found.chosen)} of {sum(1 for _ in found.people())}"
    row.operator(HUND_OT_create_people.bl_idname, text=create, icon="CHECKMARK")
    row.operator(HUND_OT_discard_people.bl_idname, icon="X")


def _draw_person(row: Any, found: Found, pick: Pick) -> None:
    person, is_chosen = found.person(pick), pick in found.chosen
    icon = "CHECKBOX_HLT" if is_chosen else "CHECKBOX_DEHLT"
    toggle = row.operator(HUND_OT_toggle_person.bl_idname, text="", icon=icon, emboss=False)
    toggle.photo, toggle.person = pick
    picture = found.icon_of(pick)
    if picture:
        row = row.split(factor=PICTURE_SHARE)
        row.template_icon(icon_value=picture, scale=PICTURE_SCALE)
    column = row.column(align=True)
    column.active = is_chosen
    width, height = person.box_px[2:]
    column.label(text=f"Person {pick.person + 1}")
    column.label(text=f"{width:.0f} × {height:.0f} px")
    column.label(text=f"{person.confidence:.0%} sure")
