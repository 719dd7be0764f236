# SPDX-License-Identifier: GPL-3.0-or-later
"""A source's pose or motion onto the rigs of the list; preview; what becomes of the source."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .errors import HundError
from .retargeting import ACTION, KEY, POSE, aims, apply
from .rig_preview import PREVIEW
from .rig_settings import retarget_of
from .scene.character import skins_of

WAYS: Final = (
    (POSE, "Pose", "Pose the rigs as they are now, without keys"),
    (KEY, "Key on This Frame", "Pose the rigs and key that on the current frame"),
    (ACTION, "Action", "A new action with the whole motion of the source"),
)


class HUND_OT_retarget(bpy.types.Operator):
    """Take the source's pose or motion over onto the rigs of the list"""

    bl_idname = "hund.retarget"
    bl_label = "Retarget"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    way: bpy.props.EnumProperty(name="What", items=WAYS)

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        return next(text for way, _, text in WAYS if way == properties.way)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Choose a source and add a rig first")
        settings = retarget_of(context.scene)
        has_source = settings.source is not None or settings.asset is not None
        return has_source and len(aims(settings)) > 0

    def execute(self, context: bpy.types.Context) -> set[Any]:
        settings = retarget_of(context.scene)
        _stop_preview()  # what is blended is what was there before
        try:
            problems = apply(settings, self.way)
        except HundError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for problem in problems:
            text = f"{problem.subject}: {problem.message} {problem.remedy}".strip()
            self.report({"WARNING"}, text)
        return {"CANCELLED"} if len(problems) == len(aims(settings)) else {"FINISHED"}


class HUND_OT_preview_rig(bpy.types.Operator):
    """Let the rig follow the source and the choices below; off again, it goes back to its pose"""

    bl_idname = "hund.preview_rig"
    bl_label = "Live Preview"
    bl_options = {"REGISTER"}  # noqa: RUF012 - it can be switched off, and is no part of the file

    def execute(self, context: bpy.types.Context) -> set[Any]:
        if PREVIEW.is_on:
            _stop_preview()
        else:
            PREVIEW.switch(on=True)
        return {"FINISHED"}


def _stop_preview() -> None:
    """Put rigs back, and keep that for undo: its last step may have been taken during a preview."""
    if PREVIEW.is_on:
        PREVIEW.switch(on=False)
        bpy.ops.ed.undo_push(message="Live Preview Off")


class HUND_OT_source_of_rigs(bpy.types.Operator):
    """Use the active armature, or that of the active mesh, as the source"""

    bl_idname = "hund.source_of_rigs"
    bl_label = "Use Active Object"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Select an armature or a mesh on one")
        return _armature(context.object) is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        retarget_of(context.scene).source = _armature(context.object)
        return {"FINISHED"}


def _armature(thing: Any) -> Any:
    bearer = thing.find_armature() if thing is not None and thing.type == "MESH" else thing
    return bearer if bearer is not None and bearer.type == "ARMATURE" else None


class HUND_OT_drop_source(bpy.types.Operator):
    """Hide the source and its meshes, or remove them from the file; the rigs keep their poses"""

    bl_idname = "hund.drop_source"
    bl_label = "Drop Source"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    remove: bpy.props.BoolProperty(name="Remove", default=False)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return retarget_of(context.scene).source is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        settings = retarget_of(context.scene)
        source = settings.source
        things = {source, *skins_of(source.data), *source.children_recursive}
        things = {thing for thing in things if thing.type in ("ARMATURE", "MESH")}
        shown = set(context.view_layer.objects)
        _stop_preview()
        for thing in things:
            if self.remove:
                bpy.data.objects.remove(thing)
                continue
            thing.hide_render = True
            if thing in shown:
                thing.hide_set(True)
        return {"FINISHED"}


CLASSES = (
    HUND_OT_retarget,
    HUND_OT_preview_rig,
    HUND_OT_source_of_rigs,
    HUND_OT_drop_source,
)
