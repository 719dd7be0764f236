# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of rigs: add, remove, make posable."""

from __future__ import annotations

from typing import Any

import bpy

from .errors import HundError, MapError
from .retarget.rows import rows_of
from .retargeting import map_rig
from .rig_settings import retarget_of
from .scene.overrides import override_of


class RigOperator(bpy.types.Operator):
    """Something is done with the rig that is shown in the panel."""

    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Add a rig first")
        mapped = retarget_of(context.scene).rig()
        return mapped is not None and mapped.thing is not None

    def rig(self, context: bpy.types.Context) -> Any:
        return retarget_of(context.scene).rig()

    def refuse(self, error: HundError | str) -> set[Any]:
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}


class HUND_OT_add_rigs(bpy.types.Operator):
    """Add the selected armatures to the list of rigs, and find out what their bones are"""

    bl_idname = "hund.add_rigs"
    bl_label = "Add Selected Rigs"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    def execute(self, context: bpy.types.Context) -> set[Any]:
        settings = retarget_of(context.scene)
        known = {mapped.thing for mapped in settings.rigs}
        new = [thing for thing in _selected_armatures(context) if thing not in known]
        if not new:
            self.report({"ERROR"}, "Select an armature that is not in the list yet.")
            return {"CANCELLED"}
        for thing in new:
            mapped = settings.rigs.add()
            mapped.thing, mapped.name = thing, thing.name
            settings.active_rig = len(settings.rigs) - 1
            try:
                map_rig(mapped)
            except MapError as error:
                mapped.show(rows_of({}, {}))
                self.report({"WARNING"}, f"{thing.name}: {error}")
        return {"FINISHED"}


def _selected_armatures(context: bpy.types.Context) -> list[Any]:
    things: list[Any] = list(context.selected_objects or ())
    if context.object is not None and context.object not in things:
        things.append(context.object)
    bearers = [thing.find_armature() if thing.type == "MESH" else thing for thing in things]
    rigs = [thing for thing in bearers if thing is not None and thing.type == "ARMATURE"]
    return list(dict.fromkeys(rigs))


class HUND_OT_remove_rig(RigOperator):
    """Take the rig out of the list; the rig itself stays as it is"""

    bl_idname = "hund.remove_rig"
    bl_label = "Remove Rig"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return retarget_of(context.scene).rig() is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        settings = retarget_of(context.scene)
        settings.rigs.remove(settings.active_rig)
        settings.active_rig = max(0, settings.active_rig - 1)
        return {"FINISHED"}


class HUND_OT_override_rig(RigOperator):
    """Make a library override of the linked rig, so that it can be posed in this file"""

    bl_idname = "hund.override_rig"
    bl_label = "Make Override"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        mapped = self.rig(context)
        override = override_of(mapped.thing, context.scene, context.view_layer)
        if override is None:
            return self.refuse("Blender cannot override this rig. Append it instead.")
        mapped.thing = override
        return {"FINISHED"}


CLASSES = (HUND_OT_add_rigs, HUND_OT_remove_rig, HUND_OT_override_rig)
