# SPDX-License-Identifier: GPL-3.0-or-later
"""From chosen files to a running job: joins the server, the job and the scene."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import bpy

from .body import Body
from .client import DEFAULT_QUESTION, Client, Question
from .connection import Servers, ServerSettings
from .found import Found
from .job import Doors, Job, unheard
from .placing import PhotoResult, Pieces, Placing
from .progress import Ending, Problem
from .rigs import body_for
from .scene.building import scene_called
from .scene.image_files import keep_copy
from .scene.people import DEFAULT_SCENE, SceneOptions, add_photos
from .scene.pose_assets import add_pose_assets
from .scene.restore import can_build
from .scene.takeover import take_over_pose, take_over_shape
from .slot import Slot

SERVERS: Final = Servers()
SLOT: Final[Slot[Job | Placing]] = Slot()
FOUND: Final = Found()

NEW_CHARACTERS: Final = "CHARACTERS"
POSE: Final = "POSE"
SHAPE: Final = "SHAPE"
POSE_ASSETS: Final = "POSE_ASSETS"
POSES_MADE: Final = Problem(
    "",
    "The poses are in the asset library of this file.",
    "Open an Asset Browser and choose “Current File” to see them.",
)


@dataclass(frozen=True)
class ImportOptions:
    """What the artist can choose in the file browser."""

    question: Question = DEFAULT_QUESTION
    scene: SceneOptions = DEFAULT_SCENE
    make: str = NEW_CHARACTERS
    character: str = ""  # name of its armature, where none shall be made
    choose: bool = False  # keep what was found until the artist has chosen

    @property
    def shows_photos(self) -> bool:
        """Whether the photos come into the file."""
        return self.make == NEW_CHARACTERS and self.scene.match_camera

    @property
    def ending(self) -> Ending:
        """What the artist shall see when it is made."""
        return Ending(
            use_camera=self.shows_photos and self.scene.use_camera,
            news=POSES_MADE if self.make == POSE_ASSETS else None,
        )

    @property
    def wants_thumbnails(self) -> bool:
        return self.choose or self.make == POSE_ASSETS


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
        return client, SERVERS.body(client, body_for(options.scene.rig))

    def place(results: Sequence[PhotoResult]) -> Pieces:
        target = scene_called(scene_name)
        if options.make == POSE:
            yield from take_over_pose(target, options.character, results)
        elif options.make == SHAPE:
            yield from take_over_shape(target, options.character, results)
        elif options.make == POSE_ASSETS:
            yield from add_pose_assets(scene_name, results, options.scene.rig)
        else:
            yield from add_photos(scene_name, results, options.scene)

    def keep(results: Sequence[PhotoResult]) -> Pieces:
        FOUND.keep(results, place, options.ending)
        yield from ()

    doors = Doors(connect, SERVERS.broke_off, can_build, place, answered)
    if options.shows_photos:
        doors = replace(doors, keep_copy=partial(keep_copy, Path(bpy.app.tempdir)))
    if options.choose:
        doors = replace(doors, can_place=lambda: True, place=keep)
    question = replace(options.question, thumbnails=options.wants_thumbnails)
    return Job(paths, question, doors)
