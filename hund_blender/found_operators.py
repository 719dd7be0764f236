# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose among the people that were found, then create or discard them."""

from __future__ import annotations

from typing import Any

import bpy

from .errors import SceneError
from .feedback import look_through_camera
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
        if not FOUND.chosen:
            cls.poll_message_set("Nobody is chosen")
            return False
        cls.poll_message_set("Leave this mode or the render first")
        return can_build()

    def execute(self, context: bpy.types.Context) -> set[Any]:
        looks = FOUND.looks_through_camera
        try:
            SLOT.problems = list(FOUND.create())
        except SceneError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for problem in SLOT.problems:
            text = f"{problem.subject} {problem.message} {problem.remedy}".strip()
            self.report({"WARNING"}, text)
        if looks:
            look_through_camera()
        return {"FINISHED"}


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
