# SPDX-License-Identifier: GPL-3.0-or-later
"""Import, cancel, clear: what the artist can press."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import bpy
from bpy_extras.io_utils import ImportHelper

from .client import Question
from .errors import SceneError
from .feedback import show_progress
from .importing import NEW_CHARACTERS, POSE, SHAPE, SLOT, ImportOptions, new_job
from .job import Job
from .preferences import server_settings
from .rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO
from .scene.character import character_of, estimated_phenotypes_of, phenotypes_of
from .scene.people import SceneOptions
from .scene.shape import reshape

PHOTO_EXTENSIONS: Final = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


class HUND_OT_import_photos(bpy.types.Operator, ImportHelper):  # type: ignore[misc]
    """Build the people in photos as editable, rigged figures, seen through the photos' cameras"""

    bl_idname = "hund.import_photos"
    bl_label = "Import People"
    bl_options = {"REGISTER"}  # noqa: RUF012 - the people arrive later and push their own undo step

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{extension}" for extension in PHOTO_EXTENSIONS), options={"HIDDEN"}
    )
    display_type: bpy.props.EnumProperty(
        items=(("THUMBNAIL", "Thumbnails", "", 3),), options={"HIDDEN"}
    )
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN"})
    make: bpy.props.EnumProperty(
        name="Make",
        description="What to make of the photo",
        items=(
            (NEW_CHARACTERS, "New Characters", "Build everybody in the photos"),
            (POSE, "Pose", "Pose the active character like the largest person in the photo"),
            (SHAPE, "Body Shape", "Give the active character the shape of the largest person"),
        ),
        options={"SKIP_SAVE"},
    )
    rig: bpy.props.EnumProperty(
        name="Rig",
        description="Bones and their names",
        items=(
            (MAKEHUMAN, "MakeHuman", "All 104 bones, named as in MakeHuman's default rig"),
            (MIXAMO, "Mixamo", "54 bones named as Mixamo's: mixamorig:Hips and so on"),
            (GAME_ENGINE, "Game Engine", "54 bones named as Unreal's mannequin: pelvis, thigh_l"),
        ),
    )
    max_people: bpy.props.IntProperty(
        name="Most People",
        description="How many people to find at most, the largest first",
        default=8,
        min=1,
        max=32,
    )
    focal_35mm: bpy.props.FloatProperty(
        name="Focal Length",
        description="Full-frame equivalent of the lens in millimetres; 0 takes it from the photo",
        default=0.0,
        min=0.0,
        soft_max=300.0,
    )
    grey: bpy.props.BoolProperty(
        name="Plain Grey",
        description="One grey material instead of skin, eyes and mouth",
        default=False,
    )
    on_floor: bpy.props.BoolProperty(
        name="Stand on Floor",
        description="Put the lowest point of all people in a photo, and its camera with them, "
        "to height 0; else the camera is at height 0",
        default=True,
    )
    match_camera: bpy.props.BoolProperty(
        name="Match Camera",
        description="Add a camera that sees the people as the photo does, the photo behind them",
        default=True,
    )
    use_camera: bpy.props.BoolProperty(
        name="Set Scene Camera",
        description="Look and render through the first photo's camera, at the photo's size",
        default=True,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("An import is running")
        return SLOT.job is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Dropped photos need no file browser."""
        if self.files:
            return self.execute(context)
        browse: Any = ImportHelper.invoke
        return set(browse(self, context, event))

    def draw(self, context: bpy.types.Context) -> None:
        """What goes with what is to be made."""
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.prop(self, "make")
        layout.prop(self, "focal_35mm")
        if self.make == NEW_CHARACTERS:
            layout.prop(self, "max_people")
            layout.prop(self, "rig")
            layout.prop(self, "grey")
            layout.prop(self, "on_floor")
            layout.prop(self, "match_camera")
            row = layout.row()
            row.active = self.match_camera
            row.prop(self, "use_camera")

    def execute(self, context: bpy.types.Context) -> set[Any]:
        paths, character = self._paths(), character_of(context.object)
        if not paths:
            self.report({"ERROR"}, "No photo was chosen. Choose one or more image files.")
            return {"CANCELLED"}
        if character is None and self.make != NEW_CHARACTERS:
            self.report({"ERROR"}, "No HUND character is active. Select one and try again.")
            return {"CANCELLED"}
        assert context.scene is not None
        options = self._options(character.name if character is not None else "")
        job = new_job(context.scene, paths, options, server_settings(context))
        if bpy.app.background:
            return self._run_now(job)
        look = options.make == NEW_CHARACTERS and self.match_camera and self.use_camera
        SLOT.run_in_background(job, partial(show_progress, use_camera=look))
        return {"FINISHED"}

    def _options(self, character: str) -> ImportOptions:
        people = self.max_people if self.make == NEW_CHARACTERS else 1
        question = Question(people, self.focal_35mm or None)
        scene = SceneOptions(
            rig=self.rig,
            on_floor=self.on_floor,
            match_camera=self.match_camera,
            use_camera=self.use_camera,
            grey=self.grey,
        )
        return ImportOptions(question, scene, self.make, character)

    def _paths(self) -> list[Path]:
        names = [file.name for file in self.files if file.name]
        if names:
            return [Path(self.directory) / name for name in names]
        return (
            [Path(self.filepath)]
            if self.filepath and not self.filepath.endswith(("/", "\\"))
            else []
        )

    def _run_now(self, job: Job) -> set[Any]:
        SLOT.run_now(job)
        for problem in job.problems:
            self.report(
                {"WARNING"}, f"{problem.subject} {problem.message} {problem.remedy}".strip()
            )
        return {"FINISHED"} if job.placed else {"CANCELLED"}


class HUND_OT_cancel(bpy.types.Operator):
    """Stop looking at the photos and add nothing"""

    bl_idname = "hund.cancel"
    bl_label = "Cancel Import"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return SLOT.job is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        SLOT.cancel()
        return {"FINISHED"}


class HUND_OT_clear_problems(bpy.types.Operator):
    """Remove the messages of the last import"""

    bl_idname = "hund.clear_problems"
    bl_label = "Clear Messages"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        SLOT.problems = []
        return {"FINISHED"}


class HUND_OT_reset_shape(bpy.types.Operator):
    """Give the character the body shape that was found in the photo"""

    bl_idname = "hund.reset_shape"
    bl_label = "As in the Photo"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        character = character_of(context.object)
        return character is not None and not _is_as_in_the_photo(character)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        character = character_of(context.object)
        assert character is not None
        assert context.view_layer is not None
        try:
            reshape(context.view_layer, character.data, estimated_phenotypes_of(character.data))
        except SceneError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def _is_as_in_the_photo(character: bpy.types.Object) -> bool:
    return phenotypes_of(character.data) == estimated_phenotypes_of(character.data)


CLASSES = (
    HUND_OT_import_photos,
    HUND_OT_cancel,
    HUND_OT_clear_problems,
    HUND_OT_reset_shape,
)
