# SPDX-License-Identifier: GPL-3.0-or-later
"""From a chosen clip to a running job, from sliders to new keys: joins server, job and scene."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

from .body import Body
from .client import Client, Question
from .clip.client import ClipClient, ClipRequest
from .clip.conversion import world_of
from .clip.data import Clip
from .clip.from_photos import clip_of_photos
from .clip.job import ClipDoors, ClipJob, Found, Order, kept_in, order_of
from .clip.keys import Keys, keys_of
from .clip.process import Settings, clean_motion
from .clip.sources import Source
from .connection import ServerSettings
from .errors import ClipError
from .importing import SERVERS
from .job import Doors, Job
from .other_results.files import OnBody
from .placing import PhotoResult, Pieces
from .properties import clip_settings_of
from .rigs import body_for
from .scene.body_data import body_of, kept_body
from .scene.character import phenotypes_of
from .scene.clip_actions import KEEP, key_character
from .scene.clip_people import ClipOptions, mover_in
from .scene.clip_placing import Placement, frame_rate
from .scene.clip_store import folder_to_store_in, has_part, load, part_of, store
from .scene.restore import can_build
from .slot import Slot

CLIPS: Final[Slot[ClipJob]] = Slot()


def new_clip_job(
    scene: bpy.types.Scene,
    order: Order,
    options: ClipOptions,
    settings: ServerSettings,
    known_body: Body | None = None,
) -> ClipJob:
    """A job, not started yet. It keeps the scene's name: scenes move in memory on undo. No server
    is asked where the body is known, for what is not to be looked at.
    """
    placement = Placement(scene.name, _shown(order), _title(order), options)

    def connect(cancelled: threading.Event) -> tuple[ClipClient | None, Body]:
        if known_body is not None:
            return None, known_body
        client = SERVERS.connect(settings, cancelled)
        SERVERS.ask_health(client)
        return ClipClient(client.address), SERVERS.body(client, body_for(options.rig))

    doors = ClipDoors(
        connect,
        SERVERS.broke_off,
        partial(store, folder_to_store_in()),
        placement.preview.show,
        placement.plan,
        can_build,
    )
    return ClipJob(order, doors)


def new_other_result_job(
    scene: bpy.types.Scene,
    path: Path,
    read: OnBody,
    options: ClipOptions,
    settings: ServerSettings,
) -> ClipJob:
    """What another tool found, in the shape of the character that shall move, or in its own. The
    server is asked for the body alone, and only while no character of the file has it.
    """
    character = bpy.data.objects.get(options.character) if options.character else None
    body = kept_body(body_for(options.rig)) if character is None else body_of(character.data)
    shape = None if character is None else phenotypes_of(character.data)

    def on_body(body: Body) -> Clip:
        return read(body, shape)

    order = Order(None, ClipRequest(), found=Found(path.stem, on_body))
    camera_less = replace(options, match_camera=False)
    return new_clip_job(scene, order, camera_less, settings, body)


def clip_options(settings: Settings, **others: Any) -> ClipOptions:
    """Options whose settings become the sliders of the characters."""
    return ClipOptions(
        settings, lambda character: clip_settings_of(character).take_settings(settings), **others
    )


def _shown(order: Order) -> Source | None:
    """What shall run behind the people; of a kept result, what it was made of, if that is here."""
    if order.source is not None or order.earlier is None:
        return order.source
    kept = order.earlier.request.get("source")
    source = Source.from_json(kept) if kept else None
    return source if source is not None and source.path.is_file() else None


def _title(order: Order) -> str:
    if order.found is not None:
        return order.found.title
    path = order.source.path if order.source is not None else None
    name = path.name if path is not None else order.earlier.source if order.earlier else "Clip"
    return Path(name).stem


def new_poses_job(
    scene: bpy.types.Scene,
    paths: Sequence[Path],
    options: ClipOptions,
    question: Question,
    settings: ServerSettings,
) -> Job:
    """Photos to the poses of one character, in their order: a job of photos, not started yet."""
    scene_name = scene.name

    def connect(cancelled: threading.Event) -> tuple[Client, Body]:
        client = SERVERS.connect(settings, cancelled)
        SERVERS.ask_health(client)
        return client, SERVERS.body(client, body_for(options.rig))

    def place(results: Sequence[PhotoResult]) -> Pieces:
        body, source = results[0].body, results[0].path
        people = [result.estimate.people[0] for result in results]
        photo = results[0].estimate.photo
        clip = clip_of_photos(body, photo, people, frame_rate(scene), source.parent.name)
        placement = Placement(scene_name, None, source.parent.name, options)
        for _ in placement.plan(clip, body, store(folder_to_store_in(), clip))()():
            pass
        yield from ()

    doors = Doors(connect, SERVERS.broke_off, can_build, place)
    return Job(paths, replace(question, max_people=1), doors)


def resumed(
    scene: bpy.types.Scene, character: Any, options: ClipOptions
) -> tuple[Order, ClipOptions]:
    """How to go on with the clip of a character; all characters of that clip go on."""
    file = part_of(character).file
    order = order_of(load(file))
    if order is None:
        raise ClipError("This clip is finished.", "Import it again to start anew.")
    known = {
        part_of(thing).track: thing.name
        for thing in scene.objects
        if has_part(thing) and part_of(thing).file == file
    }
    return order, replace(options, known=known)


def reprocessing(scene: bpy.types.Scene, character: Any) -> Callable[[], Keys]:
    """What makes new keys for a character from its clip's raw result and its sliders, without a
    server and in any thread: Blender is asked here, and not later.
    """
    part = part_of(character)
    settings = clip_settings_of(character).chosen_settings(part.start, part.spacing)
    clip, body = load(part.file), body_of(character.data)
    mover, fps = mover_in(character.name), frame_rate(scene)
    track, place = clip.track(part.track), np.array(part.place)

    def keys() -> Keys:
        world = world_of(clip, body)
        motion = clean_motion(clip, track, world, mover, place, settings.clean_up, fps)
        return keys_of(motion, mover.skeleton, settings.keys)

    return keys


def give_keys(name: str, keys: Keys) -> None:
    """New keys for the character of a name, in one go: half of them would be no motion."""
    for _ in key_character(name, keys, name, KEEP):
        pass


def abandon_clip() -> None:
    """Before another file is opened: what was done of a clip goes to a file, not into that one."""
    job = CLIPS.job
    if job is None:
        return
    clip = job.abandon()
    if clip is not None:
        job.problems.append(kept_in(store(folder_to_store_in(), clip)))
