# SPDX-License-Identifier: GPL-3.0-or-later
"""From chosen files to a running job: joins the server, the job and the scene."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import bpy

from .body import Body
from .client import DEFAULT_QUESTION, Client, Question
from .connection import Servers, ServerSettings
from .errors import SceneError
from .found import Found
from .job import Doors, Job, PhotoResult, unheard
from .progress import Problem
from .scene.people import DEFAULT_SCENE, SceneOptions, add_photos
from .scene.pose_assets import add_pose_assets
from .scene.restore import can_build
from .scene.takeover import take_over_pose, take_over_shape
from .slot import Slot

SERVERS: Final = Servers()
SLOT: Final[Slot[Job]] = Slot()
FOUND: Final = Found()

NEW_CHARACTERS: Final = "CHARACTERS"
POSE: Final = "POSE"
SHAPE: Final = "SHAPE"
POSE_ASSETS: Final = "POSE_ASSETS"


@dataclass(frozen=True)
class ImportOptions:
    """What the artist can choose in the file browser."""

    question: Question = DEFAULT_QUESTION
    scene: SceneOptions = DEFAULT_SCENE
    make: str = NEW_CHARACTERS
    character: str = ""  # name of its armature, where none shall be made
    choose: bool = False  # keep what was found until the artist has chosen

    @property
    def looks_through_camera(self) -> bool:
        """Whether the artist shall see what was made as the photo does."""
        return self.make == NEW_CHARACTERS and self.scene.match_camera and self.scene.use_camera


def new_job(
    scene: bpy.types.Scene,
    paths: Sequence[Path],
    options: ImportOptions,
    settings: ServerSettings,
    answered: Callable[[PhotoResult | Problem], None] = unheard,
) -> Job:
    """A job, not started yet. It keeps the scene's name: scenes move in memory on undo."""
    scene_name = scene.name

    def connect(cancelled: threading.Event) -> tuple[Client, Body]:
        client = SERVERS.connect(settings, cancelled)
        SERVERS.ask_health(client)
        return client, SERVERS.body(client)

    def place(results: Sequence[PhotoResult]) -> Sequence[Problem]:
        target = bpy.data.scenes.get(scene_name)
        if target is None:
            raise SceneError(f"The scene “{scene_name}” is gone.", "Import the photos again.")
        if options.make == POSE:
            return take_over_pose(target, options.character, results)
        if options.make == SHAPE:
            return take_over_shape(target, options.character, results)
        if options.make == POSE_ASSETS:
            return add_pose_assets(target, results, options.scene.rig)
        return add_photos(target, results, options.scene)

    def keep(results: Sequence[PhotoResult]) -> Sequence[Problem]:
        FOUND.keep(results, place, looks_through_camera=options.looks_through_camera)
        return ()

    doors = Doors(connect, SERVERS.broke_off, can_build, place, answered)
    if options.choose:
        doors = replace(doors, can_place=lambda: True, place=keep)
    return Job(paths, options.question, doors)
