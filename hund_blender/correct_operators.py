# SPDX-License-Identifier: GPL-3.0-or-later
"""Edit landmarks, correct, try another interpretation: what the artist can press."""

from __future__ import annotations

from typing import Any

import bpy

from .correcting import CORRECTIONS, correction_job, sighted_character
from .drag_tool import TOOL
from .feedback import look_through_camera, redraw_sidebars
from .live import LIVE
from .preferences import server_settings
from .scene.handles import (
    add_handles,
    correction_of,
    drop,
    owner_of,
    release,
    remove_handles,
)
from .scene.sightings import camera_of, sighting_of
from .sighting import Correction

NO_CAMERA = "The photo's camera is gone. Import the photo again, with Match Camera"


class _CharacterOperator(bpy.types.Operator):
    """Something is done with the active character, or the one whose handle is active."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Select a character that stands as in its photo")
        return sighted_character(context.object) is not None

    def selected(self, context: bpy.types.Context) -> list[Any]:
        """The selected handles of the character."""
        character = sighted_character(context.object)
        return [thing for thing in context.selected_objects if owner_of(thing) == character]


class HUND_OT_edit_landmarks(_CharacterOperator):
    """Show handles where the person's landmarks were seen in the photo, to be dragged"""

    bl_idname = "hund.edit_landmarks"
    bl_label = "Edit Landmarks"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def execute(self, context: bpy.types.Context) -> set[Any]:
        character = sighted_character(context.object)
        camera = camera_of(character)
        if camera is None:
            self.report({"ERROR"}, NO_CAMERA)
            return {"CANCELLED"}
        if context.object.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        remove_handles(character)
        add_handles(character, camera, sighting_of(character))
        for thing in context.selected_objects:  # bones in bright orange would cover the handles
            thing.select_set(False)
        context.view_layer.objects.active = character
        context.scene.camera = camera
        TOOL.take(context)
        look_through_camera()
        return {"FINISHED"}


class HUND_OT_finish_landmarks(_CharacterOperator):
    """Remove the handles; what was corrected stays"""

    bl_idname = "hund.finish_landmarks"
    bl_label = "Done"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def execute(self, context: bpy.types.Context) -> set[Any]:
        character = sighted_character(context.object)
        remove_handles(character)
        TOOL.give_back(context)
        context.view_layer.objects.active = character
        character.select_set(True)
        return {"FINISHED"}


class HUND_OT_drop_landmarks(_CharacterOperator):
    """Do not believe the selected landmarks, which are hidden or were seen in the wrong place"""

    bl_idname = "hund.drop_landmarks"
    bl_label = "Drop"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def execute(self, context: bpy.types.Context) -> set[Any]:
        drop(self.selected(context), sighting_of(sighted_character(context.object)))
        LIVE.soon(context.scene)
        return {"FINISHED"}


class HUND_OT_release_landmarks(_CharacterOperator):
    """Take back what was done to the selected landmarks, at the next correction"""

    bl_idname = "hund.release_landmarks"
    bl_label = "Release"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def execute(self, context: bpy.types.Context) -> set[Any]:
        release(self.selected(context), sighting_of(sighted_character(context.object)))
        LIVE.soon(context.scene)
        return {"FINISHED"}


class _AskingOperator(_CharacterOperator):
    """The server is asked; the answer comes later and pushes its own undo step."""

    bl_options = {"REGISTER"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        cls.poll_message_set("A correction is running")
        return CORRECTIONS.job is None

    def ask(self, context: bpy.types.Context, correction: Correction) -> set[Any]:
        assert context.scene is not None
        character = sighted_character(context.object)
        settings = server_settings(context)
        job = correction_job(context.scene, character, correction, settings, self.bl_label)
        if not bpy.app.background:
            CORRECTIONS.run_in_background(job, redraw_sidebars)
            return {"FINISHED"}
        CORRECTIONS.run_now(job)
        for problem in job.problems:
            self.report({"WARNING"}, f"{problem.message} {problem.remedy}".strip())
        return {"CANCELLED"} if job.problems else {"FINISHED"}


class HUND_OT_correct(_AskingOperator):
    """Pose the person again from where the handles are; limbs without changes stay"""

    bl_idname = "hund.correct"
    bl_label = "Correct"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        character = sighted_character(context.object)
        return self.ask(context, correction_of(character, sighting_of(character)))


class HUND_OT_other_interpretation(_AskingOperator):
    """Explain the photo by another pose: what other looks at it saw, or the person turned round.
    Pins and drops are taken back"""

    bl_idname = "hund.other_interpretation"
    bl_label = "Other Interpretation"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        sighting = sighting_of(sighted_character(context.object))
        following = (sighting.correction.hypothesis + 1) % sighting.person.hypotheses
        return self.ask(context, Correction(hypothesis=following))


class HUND_OT_cancel_correction(bpy.types.Operator):
    """Leave the character as it is"""

    bl_idname = "hund.cancel_correction"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return CORRECTIONS.job is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        CORRECTIONS.cancel()
        return {"FINISHED"}


CLASSES = (
    HUND_OT_edit_landmarks,
    HUND_OT_finish_landmarks,
    HUND_OT_drop_landmarks,
    HUND_OT_release_landmarks,
    HUND_OT_correct,
    HUND_OT_other_interpretation,
    HUND_OT_cancel_correction,
)
