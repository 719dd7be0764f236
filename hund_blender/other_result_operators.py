# SPDX-License-Identifier: GPL-3.0-or-later
"""Import what other tools found of people; docs/other_results.md lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy
from bpy_extras.io_utils import ImportHelper

from .clip_importing import new_other_result_job
from .clip_operators import ClipImportOperator, run_clip
from .errors import HundError
from .other_results.files import EXTENSIONS, read_result
from .other_results.smpl_motion import CAMERA, Y_UP, Z_UP
from .preferences import chosen_mhr_model, server_settings

AUTO: Final = "AUTO"


class HUND_OT_import_other_result(ClipImportOperator, bpy.types.Operator, ImportHelper):  # type: ignore[misc]
    """Animate people by what another tool found: AMASS, SMPL, 4D-Humans, WHAM, SAM 3D Body, BVH"""

    bl_idname = "hund.import_other_result"
    bl_label = "Import Other Tool's Result"
    bl_options = {"REGISTER"}  # noqa: RUF012
    asks_server = has_camera = False

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{extension}" for extension in EXTENSIONS), options={"HIDDEN"}
    )
    fps: bpy.props.FloatProperty(
        name="Frame Rate",
        description="Of the file, in frames per second; 0 where the file tells it, else 30",
        default=0.0,
        min=0.0,
        soft_max=240.0,
        options={"SKIP_SAVE"},
    )
    world: bpy.props.EnumProperty(
        name="Axes",
        description="How the file's world lies; BVH tells it by its skeleton",
        items=(
            (AUTO, "As the Tool Does", "Known for AMASS, WHAM, GVHMR and 4D-Humans; else a camera"),
            (Z_UP, "Z Up", "As Blender and AMASS have it"),
            (Y_UP, "Y Up", "As games and GVHMR have it"),
            (CAMERA, "Camera", "Y down and Z ahead, as cameras of networks have it"),
        ),
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[Any]:
        assert context.scene is not None
        self.begin_with_defaults(context)
        path = Path(self.filepath)
        try:
            world = None if self.world == AUTO else self.world
            read = read_result(path, self.fps or None, world, chosen_mhr_model(context))
            options = self.chosen_options(self.character_name(context))
            settings = server_settings(context)
            job = new_other_result_job(context.scene, path, read, options, settings)
        except HundError as error:
            return self.refuse(error)
        return run_clip(self, job, use_camera=False)

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "fps")
        layout.prop(self, "world")
        ClipImportOperator.draw(self, context)


CLASSES = (HUND_OT_import_other_result,)
