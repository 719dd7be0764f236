# SPDX-License-Identifier: GPL-3.0-or-later
"""From handles to a running correction: joins the character, the server and the job."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import bpy

from .connection import ServerSettings
from .correction_job import Connections, CorrectionJob, ask_server
from .errors import PhotoError, SceneError
from .estimate import Person
from .importing import SERVERS
from .properties import correcting_of
from .scene.character import character_of
from .scene.correct import Asked, correct_character
from .scene.handles import is_handle, owner_of, places_px
from .scene.image_files import photo_file
from .scene.restore import can_build
from .scene.sightings import camera_of, sighting_of, was_sighted
from .sighting import Correction, Sighting
from .slot import Slot

CORRECTIONS: Final[Slot[CorrectionJob]] = Slot()
TRANSFORM: Final = "TRANSFORM_OT_"  # what the operators that drag things are called


def sighted_character(thing: Any) -> Any:
    """The character with a photo that an object or a handle belongs to, else None.

    Without an object, since a handle was just deleted, it is the one that has handles.
    """
    edited = edited_characters() if thing is None else []
    if len(edited) == 1:
        return edited[0]
    character = character_of(owner_of(thing) if is_handle(thing) else thing)
    return character if character is not None and was_sighted(character) else None


def _with_photo(sighting: Sighting, character: Any) -> Sighting:
    """Where the photo is gone, it may have come along inside of the file, behind its camera."""
    camera = camera_of(character) if not sighting.path.is_file() else None
    shown = camera.data.background_images if camera is not None else ()
    image = next((item.image for item in shown if item.image is not None), None)
    try:
        return replace(sighting, path=photo_file(image)) if image is not None else sighting
    except PhotoError:
        return sighting


def edited_characters() -> list[Any]:
    """Those that have handles."""
    owners = {owner_of(thing) for thing in bpy.data.objects if is_handle(thing)}
    return [owner for owner in owners if owner is not None and was_sighted(owner)]


def is_dragging() -> bool:
    """Whether the artist is in the middle of moving something."""
    windows: Any = bpy.context.window_manager.windows
    return any(
        operator.bl_idname.startswith(TRANSFORM)
        for window in windows
        for operator in window.modal_operators
    )


def correction_job(
    scene: bpy.types.Scene,
    character: bpy.types.Object,
    correction: Correction,
    settings: ServerSettings,
    message: str,
) -> CorrectionJob:
    """A job, not started yet. It keeps names: scenes and characters move in memory on undo."""
    sighting, scene_name = _with_photo(sighting_of(character), character), scene.name
    body = correcting_of(scene).body
    places = places_px(character, sighting)
    asked = Asked(character.name, correction, places, body=body, message=message)
    question = sighting.asked(correction, body=body)
    servers = Connections(lambda cancelled: SERVERS.connect(settings, cancelled), SERVERS.broke_off)

    def apply(answer: Person) -> None:
        target = bpy.data.scenes.get(scene_name)
        if target is None:
            raise SceneError(f"The scene “{scene_name}” is gone.", "Undo that.")
        correct_character(target, asked, answer)

    return CorrectionJob(
        lambda watch: ask_server(servers, sighting, question, watch),
        lambda: can_build() and not is_dragging(),
        apply,
    )
