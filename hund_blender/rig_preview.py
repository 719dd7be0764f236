# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig follows while the artist chooses; without applying, it goes back to where it was."""

from __future__ import annotations

import logging
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from .errors import HundError
from .feedback import redraw_sidebars
from .retargeting import POSE, chosen_source, target_of
from .scene.rig_faces import faces_of
from .scene.rig_keys import pose_rig
from .scene.rig_state import Snapshot, put_back, snapshot

log = logging.getLogger(__name__)

PROPERTY: Final = "hund_retarget"  # of scenes, see rig_settings
QUIET_S: Final = 0.05


class Kept:
    """How a rig was before it followed."""

    def __init__(self, thing: Any) -> None:
        self._pose: Snapshot = snapshot(thing)
        self._custom = {bone.name: dict(bone.items()) for bone in thing.pose.bones if bone.keys()}
        self._faces = {keys.name: _values(keys) for keys in faces_of(thing)}

    def put_back(self, thing: Any) -> None:
        put_back(thing, self._pose)
        for bone in thing.pose.bones:
            for name, value in self._custom.get(bone.name, {}).items():
                if isinstance(value, bool | int | float) and bone.get(name) != value:
                    bone[name] = value
        for keys in faces_of(thing):
            for name, value in self._faces.get(keys.name, {}).items():
                if name in keys.key_blocks:
                    keys.key_blocks[name].value = value


def _values(keys: Any) -> dict[str, float]:
    return {block.name: block.value for block in keys.key_blocks}


class Preview:
    """Poses the rig that is shown in the panel. Lives outside of the file, so undo leaves it be."""

    def __init__(self) -> None:
        self.is_on = False
        self.message = ""  # why the rig does not follow
        self._is_posing = False
        self._kept: dict[str, Kept] = {}  # by name of the rig's object
        self._tick = self.fire  # timers go by identity, and methods have a new one every time

    def switch(self, *, on: bool) -> None:
        """Begin to follow, or put everything back."""
        self.is_on, self.message = on, ""
        if on:
            self.refresh()
            return
        for name, kept in self._kept.items():
            thing = bpy.data.objects.get(name)
            if thing is not None and thing.type == "ARMATURE":
                kept.put_back(thing)
        self.forget()

    def forget(self) -> None:
        """Follow no longer, and leave everything as it is."""
        self.is_on, self._kept = False, {}
        if bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.unregister(self._tick)

    def soon(self) -> None:
        """Follow after a moment; at once where there is no clock."""
        if self.is_on and bpy.app.background and not self._is_posing:
            self.refresh()
        else:
            self.later()

    def later(self) -> None:
        """Follow after a moment. Handlers may do no more: Blender is in the middle of things."""
        wanted = self.is_on and not self._is_posing and not bpy.app.background
        if wanted and not bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.register(self._tick, first_interval=QUIET_S)

    def fire(self) -> None:
        """Called by a timer."""
        if self.is_on:
            self.refresh()
            redraw_sidebars(None)

    def refresh(self) -> None:
        """Bring the shown rig to where the source is now."""
        settings = getattr(bpy.context.scene, PROPERTY)
        mapped = settings.rig()
        if mapped is None or mapped.thing == settings.source:
            return
        self._is_posing = True  # looking at the scene tells handlers that something has changed
        try:
            self._pose(settings, mapped)
            self.message = ""
        except HundError as error:
            self.message = str(error)
        finally:
            self._is_posing = False

    def _pose(self, settings: Any, mapped: Any) -> None:
        target, name = target_of(mapped), mapped.thing.name
        if name in self._kept:  # blends are with what was before
            self._kept[name].put_back(mapped.thing)
        else:
            self._kept[name] = Kept(mapped.thing)
        pose_rig(target, chosen_source(settings, POSE), settings.options())

    def follows(self, thing: Any) -> bool:
        """Whether changes of an object, its source's, are to be followed."""
        settings = getattr(bpy.context.scene, PROPERTY, None)
        return self.is_on and settings is not None and thing == settings.source


PREVIEW: Final = Preview()


@persistent  # type: ignore[untyped-decorator]
def on_depsgraph_update(_: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    if PREVIEW.is_on and any(PREVIEW.follows(update.id.original) for update in depsgraph.updates):
        PREVIEW.later()


@persistent  # type: ignore[untyped-decorator]
def on_other_frame(*_: object) -> None:
    PREVIEW.later()


@persistent  # type: ignore[untyped-decorator]
def on_load(*_: object) -> None:
    PREVIEW.forget()


def attach() -> None:
    handlers = bpy.app.handlers
    handlers.depsgraph_update_post.append(on_depsgraph_update)
    handlers.frame_change_post.append(on_other_frame)
    handlers.load_pre.append(on_load)


def detach() -> None:
    PREVIEW.forget()
    handlers = bpy.app.handlers
    handlers.depsgraph_update_post.remove(on_depsgraph_update)
    handlers.frame_change_post.remove(on_other_frame)
    handlers.load_pre.remove(on_load)
