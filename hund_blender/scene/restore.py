# SPDX-License-Identifier: GPL-3.0-or-later
"""Context managers that leave Blender as they found it: scene, mode, and data after a failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy

from ..threads import standing_still

# Collections of bpy.data that an import adds to, users before what they use.
_DATA: Final = ("meshes", "armatures", "cameras", "materials", "images", "texts", "actions")
_TOUCHED: Final = ("collections", "objects", *_DATA)
MODES_TO_BUILD_IN: Final = frozenset({"OBJECT", "POSE"})


@contextmanager
def override(**members: Any) -> Iterator[None]:
    """Other context members for operators, during which our threads stand still."""
    overridden: Any = bpy.context.temp_override(**members)
    with standing_still(), overridden:
        yield


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


class Created:
    """The data that came into the file while this was recording, to be taken back if need be."""

    def __init__(self) -> None:
        self._uids: dict[str, set[int]] = {name: set() for name in _TOUCHED}

    @contextmanager
    def recording(self) -> Iterator[None]:
        before = {name: _uids(name) for name in _TOUCHED}
        try:
            yield
        finally:
            for name in _TOUCHED:
                self._uids[name] |= _uids(name) - before[name]

    def remove(self) -> None:
        """Remove it, as far as it is still there: undo and the artist may have been faster."""
        for name in _TOUCHED:
            holder = getattr(bpy.data, name)
            for item in [item for item in holder if item.session_uid in self._uids[name]]:
                holder.remove(item)


def _uids(holder: str) -> set[int]:
    return {item.session_uid for item in getattr(bpy.data, holder) if item.library is None}
