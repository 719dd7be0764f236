# SPDX-License-Identifier: GPL-3.0-or-later
"""Import clips: from files, from what is open in Blender, from results that were kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import bpy
from bpy_extras.io_utils import ImportHelper

from .client import Question
from .clip.client import ClipRequest
from .clip.data import read_clip
from .clip.job import ClipJob, Order
from .clip.sources import MOVIE_EXTENSIONS, Source, is_image, source_of
from .clip_feedback import show_clip
from .clip_import_settings import POSES, SELECTED, ClipImportSettings
from .clip_importing import CLIPS, new_clip_job, new_poses_job
from .errors import ClipError, HundError
from .feedback import show_progress
from .importing import SLOT
from .photo_files import PHOTO_EXTENSIONS, photos_in
from .preferences import import_defaults, server_settings
from .progress import Ending
from .scene.character import character_of
from .scene.clip_placing import frame_rate
from .scene.open_movies import open_movie

EXTENSIONS: Final = (*MOVIE_EXTENSIONS, *PHOTO_EXTENSIONS)
TAKEN: Final = ("rig", "scale", "grey")  # from the preferences


class ClipImportOperator(ClipImportSettings):
    """What all imports of clips have in common: mixed into operators."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("An import is running")  # type: ignore[attr-defined]
        return CLIPS.job is None and SLOT.job is None

    def begin_with_defaults(self, context: bpy.types.Context) -> None:
        """Take what nobody chose, now or in the last import, from the preferences."""
        for name, value in import_defaults(context).items():
            if name in TAKEN and not self.properties.is_property_set(name):  # type: ignore[attr-defined]
                setattr(self, name, value)

    def start_clip(self, context: bpy.types.Context, source: Source) -> set[Any]:
        """Send the clip to the server and make what was chosen, in the background."""
        assert context.scene is not None
        fps = frame_rate(context.scene) if source.images is not None else None
        return self.start_order(context, Order(source, self.request(fps)))

    def start_order(self, context: bpy.types.Context, order: Order) -> set[Any]:
        assert context.scene is not None
        self.begin_with_defaults(context)
        options = self.chosen_options(self.character_name(context))
        job = new_clip_job(context.scene, order, options, server_settings(context))
        return run_clip(self, job, use_camera=options.match_camera and options.use_camera)

    def character_name(self, context: bpy.types.Context) -> str:
        """Of the active character, where that shall move."""
        character = character_of(context.object)
        if character is None and self.target == SELECTED:
            raise ClipError("No HUND character is active.", "Select one and try again.")
        return character.name if character is not None else ""

    def refuse(self, error: HundError) -> set[Any]:
        self.report({"ERROR"}, str(error))  # type: ignore[attr-defined]
        return {"CANCELLED"}


def run_clip(operator: Any, job: ClipJob, *, use_camera: bool) -> set[Any]:
    """In the background, or at once where there is no window."""
    if not bpy.app.background:
        CLIPS.run_in_background(job, partial(show_clip, use_camera=use_camera))
        return {"FINISHED"}
    CLIPS.run_now(job)
    for problem in job.problems:
        text = f"{problem.subject} {problem.message} {problem.remedy}".strip()
        operator.report({"WARNING"}, text)
    return {"FINISHED"} if job.placed else {"CANCELLED"}


class HUND_OT_import_clip(ClipImportOperator, bpy.types.Operator, ImportHelper):  # type: ignore[misc]
    """Animate the people in a movie, numbered images, or photos that stand for poses"""

    bl_idname = "hund.import_clip"
    bl_label = "Import Clip"
    bl_options = {"REGISTER"}  # noqa: RUF012 - the people arrive later and push their own undo step
    chooses_reading = True

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{extension}" for extension in EXTENSIONS), options={"HIDDEN"}
    )
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """A dropped clip needs no file browser."""
        self.begin_with_defaults(context)
        if self.files or self.filepath:
            return self.execute(context)
        browse: Any = ImportHelper.invoke
        return set(browse(self, context, event))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            paths = self._paths()
            if self.read_as == POSES:
                return self._start_poses(context, paths)
            return self.start_clip(context, source_of(paths))
        except HundError as error:
            return self.refuse(error)

    def _start_poses(self, context: bpy.types.Context, paths: Sequence[Path]) -> set[Any]:
        assert context.scene is not None
        photos = [file for path in paths for file in (photos_in(path) if path.is_dir() else [path])]
        if not photos or not all(is_image(photo) for photo in photos):
            raise ClipError("Poses come from photos.", "Choose image files, or a folder of them.")
        self.begin_with_defaults(context)
        options = self.chosen_options(self.character_name(context))
        question = Question(1, self.focal_35mm or None)
        job = new_poses_job(context.scene, photos, options, question, server_settings(context))
        if bpy.app.background:
            SLOT.run_now(job)
            return {"FINISHED"} if job.placed else {"CANCELLED"}
        SLOT.run_in_background(job, partial(show_progress, ending=Ending()))
        return {"FINISHED"}

    def _paths(self) -> list[Path]:
        """The chosen files; the folder where none is chosen."""
        names = [file.name for file in self.files if file.name]
        if names:
            return [Path(self.directory) / name for name in names]
        if self.filepath and Path(self.filepath).exists():
            return [Path(self.filepath)]
        return [Path(self.directory or self.filepath)]


class HUND_OT_import_open_clip(ClipImportOperator, bpy.types.Operator):  # type: ignore[misc]
    """Animate the people in a movie that is open in Blender"""

    bl_idname = "hund.import_open_clip"
    bl_label = "Import Open Clip"
    bl_options = {"REGISTER"}  # noqa: RUF012

    kind: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    name: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """Begin with the part of it that is used, where it plays."""
        self.begin_with_defaults(context)
        assert context.scene is not None
        try:
            movie = open_movie(context.scene, self.kind, self.name)
        except HundError as error:
            return self.refuse(error)
        self.start, self.first, self.last = movie.start, movie.first, movie.last or 0
        operator: Any = self
        return set(context.window_manager.invoke_props_dialog(operator))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        assert context.scene is not None
        try:
            movie = open_movie(context.scene, self.kind, self.name)
            if not self.properties.is_property_set("start"):  # type: ignore[attr-defined]
                self.start, self.first, self.last = movie.start, movie.first, movie.last or 0
            return self.start_clip(context, movie.source)
        except HundError as error:
            return self.refuse(error)


class HUND_OT_open_clip_result(ClipImportOperator, bpy.types.Operator, ImportHelper):  # type: ignore[misc]
    """Animate people by a result that was kept, or made on another machine (.npz)"""

    bl_idname = "hund.open_clip_result"
    bl_label = "Import Clip Result"
    bl_options = {"REGISTER"}  # noqa: RUF012
    asks_server = False

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            clip = read_clip(Path(self.filepath))
            return self.start_order(context, Order(None, ClipRequest(), clip))
        except HundError as error:
            return self.refuse(error)


CLASSES = (HUND_OT_import_clip, HUND_OT_import_open_clip, HUND_OT_open_clip_result)
