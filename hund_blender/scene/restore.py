# SPDX-License-Identifier: GPL-3.0-or-later
"""Context managers that leave Blender as they found it: scene, mode, and data after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, cast

import bpy

# Collections of bpy.data that an import adds to, users before what they use.
_DATA: Final = ("meshes", "armatures", "cameras", "materials", "images", "texts", "actions")
_TOUCHED: Final = ("collections", "objects", *_DATA)
MODES_TO_BUILD_IN: Final = frozenset({"OBJECT", "POSE"})


def override(**members: object) -> AbstractContextManager[None]:
    """Other context members for operators; the stubs of 5.2 do not know it as a context manager."""
    return cast("AbstractContextManager[None]", bpy.context.temp_override(**cast("Any", members)))


@contextmanager
def in_scene(scene: bpy.types.Scene) -> Iterator[bpy.types.ViewLayer]:
    """Let operators work on a scene from a timer, where no window is current."""
    windows = bpy.context.window_manager.windows
    window = next((w for w in windows if w.scene == scene), windows[0] if windows else None)
    shown = window is not None and window.scene == scene
    view_layer = window.view_layer if window is not None and shown else scene.view_layers[0]
    with override(window=window, scene=scene, view_layer=view_layer):
        yield view_layer


def can_build() -> bool:
    """Whether the artist is in a mode, and Blender in a state, that an import may step into."""
    window = next(iter(bpy.context.window_manager.windows), None)
    active = window.view_layer.objects.active if window is not None else None
    rendering = bpy.app.is_job_running("RENDER")  # type: ignore[func-returns-value]
    return (active is None or active.mode in MODES_TO_BUILD_IN) and not rendering


@contextmanager
def active_kept(view_layer: bpy.types.ViewLayer) -> Iterator[None]:
    """The same active object afterwards."""
    active = view_layer.objects.active
    name = active.name if active is not None else ""
    try:
        yield
    finally:
        view_layer.objects.active = view_layer.objects.get(name)


@contextmanager
def object_mode(view_layer: bpy.types.ViewLayer) -> Iterator[None]:
    """Object mode inside; afterwards the mode from before, where that was another."""
    active = view_layer.objects.active
    name, mode = (active.name, active.mode) if active is not None else ("", "OBJECT")
    if mode != "OBJECT":
        _set_mode(view_layer, name, "OBJECT")
    try:
        yield
    finally:
        if mode != "OBJECT" and name in view_layer.objects:
            _set_mode(view_layer, name, mode)
        elif view_layer.objects.active is None:  # what was made active had to be removed again
            view_layer.objects.active = view_layer.objects.get(name)


def _set_mode(view_layer: bpy.types.ViewLayer, name: str, mode: Any) -> None:
    view_layer.update()  # or an object that was just linked is not there yet
    view_layer.objects.active = view_layer.objects[name]
    with override(active_object=view_layer.objects[name], object=view_layer.objects[name]):
        bpy.ops.object.mode_set(mode=mode)


@contextmanager
def editing_bones(
    view_layer: bpy.types.ViewLayer, armature_object: bpy.types.Object
) -> Iterator[Any]:
    """The edit bones of an armature in the view layer; object mode before and after."""
    _set_mode(view_layer, armature_object.name, "EDIT")
    try:
        yield armature_object.data.edit_bones
    finally:
        _set_mode(view_layer, armature_object.name, "OBJECT")


@contextmanager
def removed_on_failure() -> Iterator[None]:
    """Take back all data that the block created if it does not end well."""
    before = {name: set(_names(name)) for name in _TOUCHED}
    try:
        yield
    except BaseException:
        for name in _TOUCHED:
            holder = getattr(bpy.data, name)
            for created in [holder[key] for key in _names(name) if key not in before[name]]:
                holder.remove(created)
        raise


def _names(holder: str) -> list[str]:
    return [item.name for item in getattr(bpy.data, holder) if item.library is None]
