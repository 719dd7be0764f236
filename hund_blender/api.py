# SPDX-License-Identifier: GPL-3.0-or-later
"""For scripts: photos into the open file. docs/pipelines.md shows how.

What this module names stays from one release to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import bpy

from .client import Question
from .errors import HundError, PhotoError, SceneError, ServerError
from .importing import NEW_CHARACTERS, POSE_ASSETS, SLOT, ImportOptions, new_job
from .job import PhotoResult, unheard
from .photo_files import photos_in
from .preferences import import_defaults, server_settings
from .progress import Problem
from .rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO, RIGS
from .scene.people import SceneOptions

__all__ = [
    "GAME_ENGINE",
    "MAKEHUMAN",
    "MIXAMO",
    "NEW_CHARACTERS",
    "POSE_ASSETS",
    "RIGS",
    "HundError",
    "ImportOptions",
    "Imported",
    "PhotoError",
    "PhotoResult",
    "Problem",
    "Question",
    "SceneError",
    "SceneOptions",
    "ServerError",
    "default_options",
    "import_photos",
]


@dataclass(frozen=True)
class Imported:
    """Names of what an import added to the file, and the photos that did not come in."""

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
    paths: Iterable[str | Path],
    options: ImportOptions | None = None,
    answered: Callable[[PhotoResult | Problem], None] = unheard,
) -> Imported:
    """Import photos, and all photos of folders, into the current scene; returns when all is there.

    `answered` hears of each photo as soon as the server has looked at it. Raises HundError where
    nothing came in and no photo is to blame: ServerError without a server that answers, SceneError
    in a state of Blender that nothing can be built in.
    """
    if SLOT.job is not None:
        raise SceneError("An import is running.", "Wait for its end or cancel it.")
    assert bpy.context.scene is not None
    chosen = options or default_options()
    files = [file for path in paths for file in _files(Path(path))]
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


def _files(path: Path) -> list[Path]:
    return photos_in(path) if path.is_dir() else [path]


def _characters() -> list[str]:
    return [thing.name for thing in bpy.data.objects if thing.type == "ARMATURE"]


def _pose_assets() -> list[str]:
    return [action.name for action in bpy.data.actions if action.asset_data]


def _new(names: list[str], before: list[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in before)
