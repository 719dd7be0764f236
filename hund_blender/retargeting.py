# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is chosen in the panel to sources, targets and results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import bpy

from .errors import HundError, MapError, SceneError
from .progress import Problem, problem_of
from .retarget.mapping import automatic_map
from .retarget.presets import Preset, built_in_presets, read_presets
from .rig_files import user_folder
from .scene.retarget import RetargetOptions, Source, Target
from .scene.retarget_source import pose_asset, shown_pose, whole_motion
from .scene.rig_description import describe
from .scene.rig_keys import animate_rig, key_rig, pose_rig

POSE: Final = "POSE"
KEY: Final = "KEY"
ACTION: Final = "ACTION"
DOINGS: Final[dict[str, Callable[[Target, Source, RetargetOptions], object]]] = {
    POSE: pose_rig,
    KEY: key_rig,
    ACTION: animate_rig,
}


def all_presets() -> list[Preset]:
    """The add-on's maps, and before them those that the artist has saved for all files."""
    folder = user_folder()
    own = list(read_presets(folder)) if folder is not None and folder.is_dir() else []
    return [*own, *built_in_presets()]


def chosen_source(settings: Any, way: str) -> Source:
    """The source that is chosen in the panel."""
    if settings.asset is not None and way != ACTION:
        return pose_asset(settings.asset, settings.source)
    if settings.source is None:
        raise SceneError("No source is chosen.", "Choose a HUND character or another armature.")
    read = whole_motion if way == ACTION else shown_pose
    return read(settings.source, _own_map(settings))


def _own_map(settings: Any) -> Preset | None:
    """What the artist says of the source's bones, where it is in the list, too."""
    mapped = next((rig for rig in settings.rigs if rig.thing == settings.source), None)
    preset: Preset | None = mapped.preset() if mapped is not None else None
    return preset if preset is not None and preset.bones else None


def aims(settings: Any) -> list[Any]:
    """The rigs of the list that take part."""
    return [rig for rig in settings.rigs if rig.chosen and rig.thing != settings.source]


def target_of(mapped: Any) -> Target:
    """A rig of the list, ready to be posed."""
    problem = obstacle(mapped.thing)
    if problem is not None:
        raise problem
    preset = mapped.preset()
    if not preset.bones:
        raise MapError(f"“{mapped.thing.name}” has no bone map.", "Press “Map Automatically”.")
    return Target.of(mapped.thing, preset)


def obstacle(thing: Any) -> SceneError | None:
    """What keeps an armature object from being posed, if anything."""
    if thing is None:
        return SceneError("The rig is gone.", "Remove it from the list.")
    if not thing.is_editable:
        return SceneError(f"“{thing.name}” is linked.", "Press “Make Override” to pose it here.")
    if thing.mode == "EDIT":
        return SceneError(f"“{thing.name}” is being edited.", "Go to object or pose mode.")
    if not thing.data.bones:
        return SceneError(f"“{thing.name}” has no bones.", "Choose another rig.")
    return None


def map_rig(mapped: Any) -> None:
    """Find out what is what on a rig of the list."""
    mapped.fill(automatic_map(describe(mapped.thing), all_presets()))


def apply(settings: Any, way: str) -> list[Problem]:
    """Retarget onto all rigs that take part; tells what is wrong with those it could not be done
    for.
    """
    source = chosen_source(settings, way)
    problems = []
    for mapped in aims(settings):
        try:
            DOINGS[way](target_of(mapped), source, settings.options())
        except HundError as error:
            name = mapped.thing.name if mapped.thing is not None else ""
            problems.append(problem_of(error, name))
    bpy.context.view_layer.update()
    return problems
