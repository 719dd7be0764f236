# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left to correct of a character, and the means to do it."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .confidence import Step
from .correct_operators import (
    HUND_OT_cancel_correction,
    HUND_OT_correct,
    HUND_OT_drop_landmarks,
    HUND_OT_edit_landmarks,
    HUND_OT_finish_landmarks,
    HUND_OT_other_interpretation,
    HUND_OT_release_landmarks,
)
from .correcting import CORRECTIONS, sighted_character
from .feedback import characters_across, draw_problem, draw_text
from .panels import MARGIN_PX, HUND_PT_main
from .properties import correcting_of
from .scene.bone_colors import shows_confidence
from .scene.handles import handles_of
from .scene.sightings import sighting_of

HINT: Final = "Drag the discs to where they belong. X drops what cannot be seen."
MEANINGS: Final = {
    Step.SEEN: "Seen",
    Step.UNSURE: "Unsure",
    Step.GUESSED: "Hidden or guessed",
}


class HUND_PT_correct(bpy.types.Panel):
    bl_label = "Correct"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = HUND_PT_main.bl_category

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return sighted_character(context.object) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout, scene = self.layout, context.scene
        character = sighted_character(context.object)
        assert layout is not None
        assert scene is not None
        if CORRECTIONS.job is not None:
            row = layout.row()
            row.progress(
                factor=CORRECTIONS.job.progress.fraction, text=CORRECTIONS.job.progress.text
            )
            row.operator(HUND_OT_cancel_correction.bl_idname, text="", icon="X")
        elif handles_of(character):
            draw_text(layout, HINT, characters_across(context, MARGIN_PX))
            _draw_handles(layout)
        else:
            layout.operator(HUND_OT_edit_landmarks.bl_idname, icon="EMPTY_AXIS")
        _draw_interpretation(layout, character)
        layout.prop(correcting_of(scene), "live")
        layout.prop(correcting_of(scene), "body")
        _draw_confidence(layout, character)
        for problem in CORRECTIONS.problems:
            draw_problem(layout.box(), problem, characters_across(context, MARGIN_PX))


def _draw_handles(layout: bpy.types.UILayout) -> None:
    row = layout.row(align=True)
    row.operator(HUND_OT_correct.bl_idname, icon="CHECKMARK")
    row.operator(HUND_OT_finish_landmarks.bl_idname)
    row = layout.row(align=True)
    row.operator(HUND_OT_drop_landmarks.bl_idname, icon="X")
    row.operator(HUND_OT_release_landmarks.bl_idname, icon="LOOP_BACK")


def _draw_interpretation(layout: bpy.types.UILayout, character: Any) -> None:
    sighting = sighting_of(character)
    number, count = sighting.correction.hypothesis + 1, sighting.person.hypotheses
    text = f"{HUND_OT_other_interpretation.bl_label} ({number} of {count})"
    layout.operator(HUND_OT_other_interpretation.bl_idname, text=text, icon="FILE_REFRESH")


def _draw_confidence(layout: bpy.types.UILayout, character: Any) -> None:
    layout.prop(character.data.hund, "show_confidence")
    if shows_confidence(character.data):
        column = layout.column(align=True)
        for step, meaning in MEANINGS.items():
            column.label(text=meaning, icon=step.icon)  # type: ignore[arg-type]


CLASSES = (HUND_PT_correct,)
