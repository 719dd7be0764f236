# SPDX-License-Identifier: GPL-3.0-or-later
"""Import, cancel, clear: what the artist can press."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import bpy
from bpy_extras.io_utils import ImportHelper

from .errors import SceneError
from .feedback import show_progress
from .import_settings import FOR_A_CHARACTER, ImportSettings
from .importing import POSE_ASSETS, SLOT, new_job
from .job import Job
from .photo_files import PHOTO_EXTENSIONS, photos_in
from .preferences import import_defaults, server_settings
from .progress import Ending
from .properties import following
from .scene.character import character_of, estimated_phenotypes_of, phenotypes_of
from .scene.shape import reshape

NOT_YET: Final = Ending()  # the artist has to choose first


class ImportOperator(ImportSettings):
    """What all imports have in common: mixed into operators."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("An import is running")  # type: ignore[attr-defined]
        return SLOT.job is None

    def start(self, context: bpy.types.Context, paths: Sequence[Path]) -> set[Any]:
        """Ask the server about the photos and make what was chosen, in the background."""
        self.begin_with(import_defaults(context))  # scripts come without an invoke
        character = character_of(context.object)
        if character is None and self.make in FOR_A_CHARACTER:
            return self.refuse("No HUND character is active. Select one and try again.")
        assert context.scene is not None
        options = self.chosen_options(character.name if character is not None else "")
        job = new_job(context.scene, paths, options, server_settings(context))
        if bpy.app.background:
            return self._run_now(job)
        ending = NOT_YET if options.choose else options.ending
        SLOT.run_in_background(job, partial(show_progress, ending=ending))
        return {"FINISHED"}

    def refuse(self, message: str) -> set[Any]:
        self.report({"ERROR"}, message)  # type: ignore[attr-defined]
        return {"CANCELLED"}

    def _run_now(self, job: Job) -> set[Any]:
        SLOT.run_now(job)
        for problem in job.problems:
            text = f"{problem.subject} {problem.message} {problem.remedy}".strip()
            self.report({"WARNING"}, text)  # type: ignore[attr-defined]
        return {"FINISHED"} if job.placed else {"CANCELLED"}


class HUND_OT_import_photos(ImportOperator, bpy.types.Operator, ImportHelper):  # type: ignore[misc]
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

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Dropped photos need no file browser."""
        self.begin_with(import_defaults(context))
        if self.files:
            return self.execute(context)
        browse: Any = ImportHelper.invoke
        return set(browse(self, context, event))

    def draw(self, context: bpy.types.Context) -> None:
        super().draw(context)
        if self.make == POSE_ASSETS:
            self.layout.label(text="No choice: all of the folder", icon="INFO")

    def execute(self, context: bpy.types.Context) -> set[Any]:
        paths = self._paths()
        if not paths:
            return self.refuse("No photo was chosen. Choose one or more image files.")
        return self.start(context, paths)

    def _paths(self) -> list[Path]:
        """The chosen files; for pose assets, where none is chosen, those of the folder."""
        names = [file.name for file in self.files if file.name]
        if names:
            return [Path(self.directory) / name for name in names]
        if self.filepath and not self.filepath.endswith(("/", "\\")):
            return [Path(self.filepath)]
        return photos_in(Path(self.directory)) if self.make == POSE_ASSETS else []


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
        estimated = estimated_phenotypes_of(character.data)
        try:
            with following(context.scene, character.data):
                reshape(context.view_layer, character.data, estimated)
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
