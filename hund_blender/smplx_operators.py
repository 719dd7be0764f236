# SPDX-License-Identifier: GPL-3.0-or-later
"""What only characters with the rig of SMPL-X have: corrections of the skin that poses drive."""

from __future__ import annotations

from typing import Any

import bpy

from .errors import SceneError
from .rigs import SMPLX
from .scene.character import RIG, character_of, obstacle
from .scene.smplx_keys import (
    add_pose_correctives,
    has_pose_correctives,
    remove_pose_correctives,
)
from .scene.takeover import faces_of


class HUND_OT_pose_correctives(bpy.types.Operator):
    """Add SMPL-X's pose corrections as shape keys that the bones drive, or take them away"""

    bl_idname = "hund.pose_correctives"
    bl_label = "Pose Correctives"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Select a HUND character with the rig SMPL-X")
        return is_smplx(context.object)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        character: Any = character_of(context.object)
        problem = obstacle(character.data) or _without_keys(character)
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        for skin in faces_of(character):
            if has_pose_correctives(skin):
                remove_pose_correctives(skin)
            else:
                add_pose_correctives(skin, character)
        return {"FINISHED"}


def is_smplx(thing: bpy.types.Object | None) -> bool:
    """Whether it belongs to a character with the rig of SMPL-X."""
    character: Any = character_of(thing)
    return character is not None and character.data.get(RIG) == SMPLX


def draw_smplx(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    if is_smplx(context.object):
        character: Any = character_of(context.object)
        skins = faces_of(character)
        corrected = any(has_pose_correctives(skin) for skin in skins)
        text = "Remove Pose Correctives" if corrected else "Add Pose Correctives"
        layout.operator(HUND_OT_pose_correctives.bl_idname, text=text, icon="SHAPEKEY_DATA")


def _without_keys(character: bpy.types.Object) -> SceneError | None:
    if faces_of(character):
        return None
    return SceneError("The mesh has no shape keys.", "Undo that: corrections are among them.")


CLASSES = (HUND_OT_pose_correctives,)
