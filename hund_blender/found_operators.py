# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose among the people that were found, then create or discard them."""

from __future__ import annotations

from functools import partial
from typing import Any

import bpy

from .feedback import show_progress
from .found import Pick
from .importing import FOUND, SLOT
from .scene.restore import can_build


class HUND_OT_toggle_person(bpy.types.Operator):
    """Create this person or leave it out"""

    bl_idname = "hund.toggle_person"
    bl_label = "Choose"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    photo: bpy.props.IntProperty()
    person: bpy.props.IntProperty()

    def execute(self, context: bpy.types.Context) -> set[Any]:
        FOUND.toggle(Pick(self.photo, self.person))
        return {"FINISHED"}


class HUND_OT_create_people(bpy.types.Operator):
    """Make what was asked for of the chosen people"""

    bl_idname = "hund.create_people"
    bl_label = "Create"
    bl_options = {"REGISTER"}  # noqa: RUF012 - building pushes its own undo step

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not FOUND.chosen or SLOT.job is not None:
            cls.poll_message_set("An import is running" if FOUND.chosen else "Nobody is chosen")
            return False
        cls.poll_message_set("Leave this mode or the render first")
        return can_build()

    def execute(self, context: bpy.types.Context) -> set[Any]:
        placing = FOUND.placing()
        if not bpy.app.background:
            show = partial(show_progress, ending=FOUND.ending)
            SLOT.run_in_background(placing, show)
            return {"FINISHED"}
        SLOT.run_now(placing)
        for problem in placing.problems:
            text = f"{problem.subject} {problem.message} {problem.remedy}".strip()
            self.report({"ERROR"} if placing.failure else {"WARNING"}, text)
        return {"FINISHED"} if placing.placed else {"CANCELLED"}


class HUND_OT_discard_people(bpy.types.Operator):
    """Forget the people that were found"""

    bl_idname = "hund.discard_people"
    bl_label = "Discard"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(FOUND.results)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        FOUND.forget()
        return {"FINISHED"}


CLASSES = (HUND_OT_toggle_person, HUND_OT_create_people, HUND_OT_discard_people)
