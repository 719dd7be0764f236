# SPDX-License-Identifier: GPL-3.0-or-later
"""Save a character's pose or action for other tools: JSON, BVH, AMASS, SMPL-X."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy
from bpy_extras.io_utils import ExportHelper

from .clip.data import write_whole
from .clip.motion_files import WRITERS
from .errors import HundError
from .scene.character import character_of
from .scene.shown_motion import shown_action, shown_pose

POSE: Final = "POSE"
ACTION: Final = "ACTION"
FORMS: Final = (
    (".json", "JSON", "All bones, their rest and the face, as plain numbers"),
    (".bvh", "BVH", "All bones, for nearly every tool; no face"),
    (".npz", "AMASS, SMPL-X", "With the rig SMPL-X its parameters, with MakeHuman's as AMASS"),
)


class HUND_OT_export_motion(bpy.types.Operator, ExportHelper):  # type: ignore[misc]
    """Save the active character's pose or action as JSON, BVH, or as AMASS or SMPL-X have it"""

    bl_idname = "hund.export_motion"
    bl_label = "Export Pose or Motion"

    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{ending}" for ending in WRITERS), options={"HIDDEN"}
    )
    what: bpy.props.EnumProperty(
        name="What",
        items=(
            (POSE, "Pose", "As it is shown now"),
            (ACTION, "Action", "All frames of the action, as it is keyed now"),
        ),
        default=ACTION,
    )
    form: bpy.props.EnumProperty(name="Format", items=FORMS)

    @property
    def filename_ext(self) -> str:
        return str(self.form)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Select a HUND character")
        return character_of(context.object) is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        assert context.scene is not None
        chosen: Any = self.properties
        path, shown = Path(chosen.filepath), shown_pose if self.what == POSE else shown_action
        try:
            motion, mover = shown(context.scene, character_of(context.object))
            write = WRITERS.get(path.suffix.lower(), WRITERS[self.form])
            write_whole(path, write(motion, mover))
        except HundError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"{path} cannot be written ({error.strerror}). Choose another.")
            return {"CANCELLED"}
        return {"FINISHED"}


def draw_export_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    menu.layout.operator(
        HUND_OT_export_motion.bl_idname, text="Pose or Motion (HUND: JSON, BVH, AMASS, SMPL-X)"
    )


CLASSES = (HUND_OT_export_motion,)
