# SPDX-License-Identifier: GPL-3.0-or-later
"""The bone map of a rig: found, corrected, kept and shared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from .compat import select_bone
from .errors import MapError
from .retarget.mapping import chosen_map
from .retarget.presets import Preset, read_preset, write_preset
from .retarget.rows import Row, bones_of, rows_of, with_other_side
from .retarget.slots import CHAINS, LEFT, RIGHT, base
from .retargeting import all_presets, map_rig
from .rig_files import user_folder
from .rig_operators import RigOperator
from .rig_settings import retarget_of
from .scene.rig_description import describe


class HUND_OT_map_rig(RigOperator):
    """Find out by names and by structure which bone is which part of the body"""

    bl_idname = "hund.map_rig"
    bl_label = "Map Automatically"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            map_rig(self.rig(context))
        except MapError as error:
            return self.refuse(error)
        return {"FINISHED"}


class HUND_OT_take_bone(RigOperator):
    """Use the rig's active bone, as chosen in pose mode, for the row that is marked in the list"""

    bl_idname = "hund.take_bone"
    bl_label = "Take Active Bone"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        mapped = self.rig(context)
        bone, row = mapped.thing.data.bones.active, mapped.marked()
        if bone is None or row is None:
            return self.refuse("Select a bone of the rig in pose mode first.")
        row.bone, row.sure = bone.name, 1.0
        return {"FINISHED"}


class HUND_OT_show_bone(RigOperator):
    """Select the bone of the marked row on the rig"""

    bl_idname = "hund.show_bone"
    bl_label = "Select Bone"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        mapped = self.rig(context)
        row = mapped.marked()
        bone = mapped.thing.data.bones.get(row.bone) if row is not None else None
        if bone is None:
            return self.refuse("The rig has no such bone.")
        mapped.thing.data.bones.active = bone
        select_bone(mapped.thing, bone.name)
        return {"FINISHED"}


class HUND_OT_add_map_row(RigOperator):
    """Add a bone to this chain: another one of spine, neck, or of a limb with several bones"""

    bl_idname = "hund.add_map_row"
    bl_label = "Add Bone to Chain"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        cls.poll_message_set("Only spine, neck, limbs and toes can have several bones")
        row = retarget_of(context.scene).rig().marked()
        return row is not None and base(row.slot) in CHAINS

    def execute(self, context: bpy.types.Context) -> set[Any]:
        mapped = self.rig(context)
        rows = [Row(row.slot, row.bone, row.sure) for row in mapped.rows]
        rows.insert(mapped.active_row + 1, Row(rows[mapped.active_row].slot, "", 0.0))
        mapped.show(rows)
        mapped.active_row += 1
        return {"FINISHED"}


class HUND_OT_mirror_map(RigOperator):
    """Fill one side of the map from the other, by the names of the bones"""

    bl_idname = "hund.mirror_map"
    bl_label = "Mirror Map"

    to: bpy.props.EnumProperty(
        name="To", items=((RIGHT, "Left to Right", ""), (LEFT, "Right to Left", ""))
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        mapped = self.rig(context)
        before = bones_of(Row(row.slot, row.bone) for row in mapped.rows)
        after = with_other_side(before, mapped.thing.data.bones.keys(), self.to)
        if after == before:
            self.report({"INFO"}, "The names of the bones tell nothing new of the other side.")
            return {"CANCELLED"}
        mapped.show(rows_of(after, {}))
        return {"FINISHED"}


class HUND_OT_use_preset(RigOperator):
    """Fill the map with the bones of this preset that the rig has"""

    bl_idname = "hund.use_preset"
    bl_label = "Use Preset"

    preset: bpy.props.StringProperty(options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        chosen = [preset for preset in all_presets() if preset.name == self.preset]
        return _use(self, context, chosen)


def _use(operator: RigOperator, context: bpy.types.Context, presets: list[Preset]) -> set[Any]:
    mapped = operator.rig(context)
    try:
        mapped.fill(chosen_map(describe(mapped.thing), presets))
    except MapError as error:
        return operator.refuse(error)
    return {"FINISHED"}


class HUND_OT_load_map(RigOperator, ImportHelper):  # type: ignore[misc]
    """Take the map from a file, for this rig or another one with such bones"""

    bl_idname = "hund.load_map"
    bl_label = "Load Map"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            return _use(self, context, [read_preset(Path(self.filepath))])
        except MapError as error:
            return self.refuse(error)


class HUND_OT_save_map(RigOperator, ExportHelper):  # type: ignore[misc]
    """Write the map into a file, to share it; in the folder that is offered, all files know it"""

    bl_idname = "hund.save_map"
    bl_label = "Save Map"
    bl_options = {"REGISTER"}  # noqa: RUF012

    filename_ext = ".json"
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        folder = user_folder(create=True)
        if folder is not None:
            name = bpy.path.clean_name(self.rig(context).thing.name)
            self.filepath = str(folder / f"{name}.json")
        browse: Any = ExportHelper.invoke
        return set(browse(self, context, event))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        mapped, path = self.rig(context), Path(self.filepath)
        preset = replace(mapped.preset(), name=path.stem, about=f"Made for {mapped.thing.name}")
        try:
            write_preset(path, preset)
        except MapError as error:
            return self.refuse(error)
        return {"FINISHED"}


CLASSES = (
    HUND_OT_map_rig,
    HUND_OT_take_bone,
    HUND_OT_show_bone,
    HUND_OT_add_map_row,
    HUND_OT_mirror_map,
    HUND_OT_use_preset,
    HUND_OT_load_map,
    HUND_OT_save_map,
)
