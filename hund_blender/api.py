# SPDX-License-Identifier: GPL-3.0-or-later
"""For scripts: photos and clips into the open file, poses onto rigs. docs/pipelines.md shows how.

What this module names stays from one release to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from .client import Question
from .clip.cleanup import AS_SEEN, PRESETS, CleanUp
from .clip.client import ClipRequest
from .clip.job import Order
from .clip.keys import KeySettings
from .clip.process import Settings
from .clip.sources import source_of
from .clip_importing import CLIPS, clip_options, new_clip_job, new_other_result_job
from .errors import ClipError, HundError, PhotoError, SceneError, ServerError
from .importing import NEW_CHARACTERS, POSE_ASSETS, SLOT, ImportOptions, new_job
from .job import unheard
from .other_results.files import read_result
from .photo_files import photos_in
from .placing import PhotoResult
from .preferences import chosen_mhr_model, import_defaults, server_settings
from .progress import Problem, problem_of
from .retarget.mapping import automatic_map, chosen_map
from .retarget.presets import Preset, read_preset
from .retargeting import ACTION, DOINGS, KEY, POSE, all_presets, obstacle
from .rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO, RIGS, SMPLX
from .scene.clip_people import ClipOptions
from .scene.clip_placing import frame_rate, set_frame_rate
from .scene.people import SceneOptions
from .scene.retarget import RetargetOptions, Source, Target
from .scene.retarget_source import shown_pose, whole_motion
from .scene.rig_description import describe

__all__ = [
    "ACTION",
    "AS_SEEN",
    "GAME_ENGINE",
    "KEY",
    "MAKEHUMAN",
    "MIXAMO",
    "NEW_CHARACTERS",
    "POSE",
    "POSE_ASSETS",
    "PRESETS",
    "RIGS",
    "SMPLX",
    "CleanUp",
    "ClipError",
    "ClipOptions",
    "ClipRequest",
    "HundError",
    "ImportOptions",
    "Imported",
    "KeySettings",
    "PhotoError",
    "PhotoResult",
    "Problem",
    "Question",
    "RetargetOptions",
    "SceneError",
    "SceneOptions",
    "ServerError",
    "Settings",
    "default_clip_options",
    "default_options",
    "import_clip",
    "import_photos",
    "import_result",
    "retarget",
    "set_frame_rate",
]


@dataclass(frozen=True)
class Imported:
    """Names of what an import added to the file, and the photos or frames that did not come in."""

    characters: tuple[str, ...]  # of their armature objects
    pose_assets: tuple[str, ...]  # of actions
    problems: tuple[Problem, ...]


def default_options(make: str = NEW_CHARACTERS) -> ImportOptions:
    """The import options of the preferences."""
    chosen = import_defaults(bpy.context)
    people = chosen.pop("max_people", Question.max_people)
    chosen.pop("choose", None)  # scripts do not choose in the panel
    return ImportOptions(Question(people), SceneOptions(**chosen), make)


def import_photos(
    paths: str | Path | Iterable[str | Path],
    options: ImportOptions | None = None,
    answered: Callable[[PhotoResult | Problem], None] = unheard,
) -> Imported:
    """Import a photo or several, and all photos of folders, into the current scene; returns when
    all is there.

    `answered` hears of each photo as soon as the server has looked at it. Raises HundError where
    nothing came in and no photo is to blame: ServerError without a server that answers, SceneError
    in a state of Blender that nothing can be built in.
    """
    if SLOT.job is not None:
        raise SceneError("An import is running.", "Wait for its end or cancel it.")
    assert bpy.context.scene is not None
    chosen = options or default_options()
    files = [file for path in _paths(paths) for file in _files(path)]
    before = _characters(), _pose_assets()
    job = new_job(bpy.context.scene, files, chosen, server_settings(bpy.context), answered)
    SLOT.run_now(job)
    if job.failure is not None and not job.placed:
        raise job.failure
    return Imported(
        characters=_new(_characters(), before[0]),
        pose_assets=_new(_pose_assets(), before[1]),
        problems=tuple(job.problems),
    )


def default_clip_options(settings: Settings | None = None) -> ClipOptions:
    """The clip options of the preferences."""
    chosen = import_defaults(bpy.context)
    known = {name: chosen[name] for name in ("rig", "scale", "grey") if name in chosen}
    return clip_options(settings or Settings(CleanUp(), KeySettings()), **known)


def import_clip(
    paths: str | Path | Iterable[str | Path],
    options: ClipOptions | None = None,
    request: ClipRequest | None = None,
) -> Imported:
    """Import a movie, a folder of numbered images, or images; returns when all is keyed.

    Raises HundError where nothing came in: ClipError for a clip that cannot be used, ServerError
    without a server that answers, SceneError in a state of Blender that nothing can be built in.
    """
    if CLIPS.job is not None:
        raise SceneError("An import is running.", "Wait for its end or cancel it.")
    scene = bpy.context.scene
    assert scene is not None
    source = source_of(_paths(paths))
    asked = request or ClipRequest()
    if source.images is not None and asked.fps is None:
        asked = replace(asked, fps=frame_rate(scene))
    before = _characters()
    chosen = options or default_clip_options()
    job = new_clip_job(scene, Order(source, asked), chosen, server_settings(bpy.context))
    CLIPS.run_now(job)
    if job.failure is not None and not job.placed:
        raise job.failure
    return Imported(_new(_characters(), before), (), tuple(job.problems))


def import_result(
    path: str | Path,
    options: ClipOptions | None = None,
    fps: float | None = None,
    world: str | None = None,
    mhr_model: str | Path | None = None,
) -> Imported:
    """Import what another tool found (docs/other_results.md); returns when all is keyed.

    fps, and world as "Z_UP", "Y_UP" or "CAMERA", go before what the file tells; mhr_model, the
    file of MHR's model, goes before that of the preferences. Raises HundError where nothing came
    in: ClipError for a file that cannot be used, ServerError where the body is needed and no
    server answers.
    """
    if CLIPS.job is not None:
        raise SceneError("An import is running.", "Wait for its end or cancel it.")
    scene = bpy.context.scene
    assert scene is not None
    file, chosen = Path(path), options or default_clip_options()
    model = chosen_mhr_model(bpy.context) if mhr_model is None else Path(mhr_model)
    read = read_result(file, fps, world, model)
    before = _characters()
    job = new_other_result_job(scene, file, read, chosen, server_settings(bpy.context))
    CLIPS.run_now(job)
    if job.failure is not None and not job.placed:
        raise job.failure
    return Imported(_new(_characters(), before), (), tuple(job.problems))


def retarget(
    source: Any,
    rigs: Iterable[Any],
    way: str = ACTION,
    options: RetargetOptions | None = None,
    maps: Iterable[str | Path] = (),
) -> tuple[Problem, ...]:
    """Take the motion of an armature object (ACTION), or the pose that it shows (POSE, KEY on the
    current frame), over onto others; tells for which that could not be done.

    Bones are those of the maps in files, or else found automatically. Raises HundError where the
    source has nothing to give.
    """
    given = whole_motion(source) if way == ACTION else shown_pose(source)
    presets = [read_preset(Path(path)) for path in maps]
    problems = []
    for thing in rigs:
        try:
            _retarget(thing, presets, given, way, options or RetargetOptions())
        except HundError as error:
            problems.append(problem_of(error, thing.name))
    return tuple(problems)


def _retarget(
    thing: Any, presets: list[Preset], given: Source, way: str, options: RetargetOptions
) -> None:
    problem = obstacle(thing)
    if problem is not None:
        raise problem
    rig = describe(thing)
    found = chosen_map(rig, presets) if presets else automatic_map(rig, all_presets())
    DOINGS[way](Target(thing, rig, found.preset), given, options)


def _paths(given: str | Path | Iterable[str | Path]) -> list[Path]:
    """One path or several."""
    return [Path(path) for path in ([given] if isinstance(given, str | Path) else given)]


def _files(path: Path) -> list[Path]:
    return photos_in(path) if path.is_dir() else [path]


def _characters() -> list[str]:
    return [thing.name for thing in bpy.data.objects if thing.type == "ARMATURE"]


def _pose_assets() -> list[str]:
    return [action.name for action in bpy.data.actions if action.asset_data]


def _new(names: list[str], before: list[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in before)
