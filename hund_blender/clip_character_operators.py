# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done with a clip that is running, and with a character that one moves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import bpy

from .clip.cleanup import PRESETS
from .clip.keys import Keys
from .clip_importing import (
    CLIPS,
    clip_options,
    give_keys,
    new_clip_job,
    reprocessing,
    resumed,
)
from .clip_operators import run_clip
from .clip_settings import PRESET_TEXTS
from .errors import HundError
from .importing import SLOT
from .preferences import server_settings
from .properties import clip_settings_of
from .scene.character import character_of
from .scene.clip_store import has_part, part_of

LOOK_S: Final = 0.05  # between two looks whether new keys are worked out
NEWEST: Final[dict[str, Future[Keys]]] = {}  # by character: what is being worked out last


def moved_by_clip(context: bpy.types.Context) -> Any:
    """The active character, if a clip moves it."""
    character = character_of(context.object)
    return character if character is not None and has_part(character) else None


class HUND_OT_cancel_clip(bpy.types.Operator):
    """Stop looking at the clip; what was done so far is kept"""

    bl_idname = "hund.cancel_clip"
    bl_label = "Stop Here"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return CLIPS.job is not None and not CLIPS.job.was_cancelled

    def execute(self, context: bpy.types.Context) -> set[Any]:
        CLIPS.cancel()
        return {"FINISHED"}


class HUND_OT_reprocess_clip(bpy.types.Operator):
    """Clean up and key anew from the raw result, as the sliders say; the server is not needed"""

    bl_idname = "hund.reprocess_clip"
    bl_label = "Re-process"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    preset: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    _name: str
    _keys: Future[Keys]
    _timer: bpy.types.Timer

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return moved_by_clip(context) is not None and CLIPS.job is None

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        return PRESET_TEXTS.get(properties.preset, str(cls.__doc__))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        try:
            give_keys(self._chosen(context), self._work(context)())
        except HundError as error:
            return self._failed(error)
        return self._shown(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        """In a window: worked out in a thread, while Blender draws and the artist goes on."""
        assert context.window_manager is not None
        assert context.workspace is not None
        try:
            self._name, work = self._chosen(context), self._work(context)
        except HundError as error:
            return self._failed(error)
        thread = ThreadPoolExecutor(1, thread_name_prefix="hund-reprocess")
        self._keys = NEWEST[self._name] = thread.submit(work)
        thread.shutdown(wait=False)  # once that is done
        self._timer = context.window_manager.event_timer_add(LOOK_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        context.workspace.status_text_set("Cleaning up the motion.  Esc: leave it as it was")
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        is_newest = NEWEST.get(self._name) is self._keys
        if event.type == "ESC" or not is_newest:
            self._end(context)
            return {"CANCELLED"}
        if event.type != "TIMER" or not self._keys.done():
            return {"PASS_THROUGH"}
        self._end(context)
        try:
            give_keys(self._name, self._keys.result())
        except HundError as error:
            return self._failed(error)
        return self._shown(context)

    def cancel(self, context: bpy.types.Context) -> None:
        self._end(context)

    def _chosen(self, context: bpy.types.Context) -> str:
        """The name of who gets new keys, with the preset's sliders."""
        character = moved_by_clip(context)
        if self.preset:
            clip_settings_of(character).take_clean_up(PRESETS[self.preset])
        return str(character.name)

    def _work(self, context: bpy.types.Context) -> Callable[[], Keys]:
        assert context.scene is not None
        return reprocessing(context.scene, moved_by_clip(context))

    def _end(self, context: bpy.types.Context) -> None:
        assert context.window_manager is not None
        assert context.workspace is not None
        context.window_manager.event_timer_remove(self._timer)
        if NEWEST.get(self._name) is self._keys:
            del NEWEST[self._name]
        if not NEWEST:
            context.workspace.status_text_set(None)

    def _failed(self, error: HundError) -> set[Any]:
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}

    def _shown(self, context: bpy.types.Context) -> set[Any]:
        assert context.scene is not None
        context.scene.frame_set(context.scene.frame_current)
        return {"FINISHED"}


class HUND_OT_resume_clip(bpy.types.Operator):
    """Go on where the clip ended when it was stopped, or the server was lost"""

    bl_idname = "hund.resume_clip"
    bl_label = "Resume"
    bl_options = {"REGISTER"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        character = moved_by_clip(context)
        idle = CLIPS.job is None and SLOT.job is None
        return idle and character is not None and not part_of(character).finished

    def execute(self, context: bpy.types.Context) -> set[Any]:
        assert context.scene is not None
        character = moved_by_clip(context)
        part, sliders = part_of(character), clip_settings_of(character)
        settings = sliders.chosen_settings(part.start, part.spacing)
        try:
            order, options = resumed(context.scene, character, clip_options(settings))
        except HundError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        job = new_clip_job(context.scene, order, options, server_settings(context))
        return run_clip(self, job, use_camera=False)


class HUND_OT_clear_clip_problems(bpy.types.Operator):
    """Remove the messages of the last clip"""

    bl_idname = "hund.clear_clip_problems"
    bl_label = "Clear Messages"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        CLIPS.problems = []
        return {"FINISHED"}


CLASSES = (
    HUND_OT_cancel_clip,
    HUND_OT_reprocess_clip,
    HUND_OT_resume_clip,
    HUND_OT_clear_clip_problems,
)
