# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip into a scene: planned in the main thread, worked out in another, placed in slices."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.conversion import World, world_of
from ..clip.data import Clip, Track
from ..clip.job import Placing, Preparing
from ..clip.keys import Keys
from ..clip.mover import Mover
from ..clip.process import place_of, process, size_of
from ..clip.sources import Source
from .camera import set_render_size
from .character import character_of
from .clip_actions import character_named, key_character
from .clip_people import (
    ClipOptions,
    add_person,
    beside_others,
    collection_for,
    give_shape,
    mover_in,
    mover_to_be,
    remove_character,
    scene_named,
)
from .clip_preview import Preview
from .clip_store import Part, has_part, part_of, remember_part
from .movie_background import add_clip_camera, photo_of, run_behind, stand_camera
from .people import select_only
from .restore import in_scene, object_mode
from .room import remember_box
from .sightings import camera_of, forget_sighting, remember_camera

Array = npt.NDArray[Any]

UNDO_MESSAGE: Final = "Import People from Clip"


@dataclass(frozen=True, eq=False)
class Person:
    """One of a clip, ready to be placed."""

    track: int
    title: str
    name: str  # of the armature that is there already, empty for none
    mover: Mover
    phenotypes: Mapping[str, float]
    place: Array  # (3,) of the clip's world at the armature's origin, metres
    keys: Keys


@dataclass(frozen=True, eq=False)
class Stage:
    """Where and when a clip plays."""

    clip: Clip
    world: World
    shift: Array  # (3,) from the clip's world to the scene's, metres
    box: Array | None  # (2, 3) that new characters' camera and view take up
    fps: float  # of the scene


class Placement:
    """One clip and the scene it goes to."""

    def __init__(
        self, scene_name: str, source: Source | None, title: str, options: ClipOptions
    ) -> None:
        self.preview = Preview(scene_name, title, options)
        self._scene_name, self._source, self._title = scene_name, source, title
        self._options = options
        self._made: list[str] = []  # names of characters, to take them back if something fails

    def plan(self, clip: Clip, body: Body, file: str) -> Preparing:
        """What to do with a clip that is kept in a file; Blender is asked here, and not later."""
        options = self._options
        existing = mover_in(options.character) if options.character else None
        stage = self._stage(clip, body)
        tracks = _most_seen(clip.tracks, 1 if existing is not None else len(clip.tracks))
        names = [self._name_for(track.number) for track in tracks]

        def prepare() -> Placing:
            people = [
                self._person(stage, body, track, name, number, existing)
                for number, (track, name) in enumerate(zip(tracks, names, strict=True), start=1)
            ]
            return lambda: self._placing(stage, people, file)

        return prepare

    def _stage(self, clip: Clip, body: Body) -> Stage:
        scene, options = scene_named(self._scene_name), self._options
        fps = clip.fps if options.use_clip_rate else frame_rate(scene)
        world = world_of(clip, body)
        if options.character:
            return Stage(clip, world, np.zeros(3), None, fps)
        there = [bpy.data.objects.get(name) for name in options.known.values()]
        for character in filter(has_part, filter(None, there)):
            shift = np.array(character.location) / options.scale - part_of(character).place
            return Stage(clip, world, shift, None, fps)
        with in_scene(scene) as view_layer:
            room = self.preview.room or beside_others(scene, view_layer, clip, world, options.scale)
        return Stage(clip, world, *room, fps)

    def _name_for(self, track: int) -> str:
        options = self._options
        return options.character or options.known.get(track) or self.preview.take(track)

    def _person(
        self, stage: Stage, body: Body, track: Track, name: str, number: int, existing: Mover | None
    ) -> Person:
        """Called in the thread."""
        options, clip = self._options, stage.clip
        shape = clip.phenotypes_of(track)
        mover = existing or mover_to_be(options.rig, body, shape)
        place = place_of(track, stage.world, size_of(clip, track, mover))
        keys = process(clip, track, stage.world, mover, place, options.settings, stage.fps)
        title = self._title if existing else f"{self._title} Person {number}"
        return Person(track.number, title, name, mover, shape, place, keys)

    def _placing(self, stage: Stage, people: Sequence[Person], file: str) -> Generator[None]:
        names = []
        finished = bool(stage.clip.request.get("finished", True))
        try:
            for person in people:
                name = self._cast(stage, person)
                names.append(name)
                yield
                yield from key_character(name, person.keys, person.title, self._options.before)
                self._remember(name, person, file, finished=finished)
            last = max(int(person.keys.root.frames[-1]) for person in people)
            self._finish(stage, names, last)
        except BaseException:
            self._take_back()
            raise

    def _cast(self, stage: Stage, person: Person) -> str:
        """The character that a person becomes, in its shape and at its place."""
        scene, options = scene_named(self._scene_name), self._options
        if options.character:
            return str(character_named(options.character).name)
        with in_scene(scene) as view_layer, object_mode(view_layer):
            armature: Any = bpy.data.objects.get(person.name) if person.name else None
            if character_of(armature) is not None:
                give_shape(view_layer, armature, person.phenotypes)
            else:
                collection = collection_for(scene, self.preview.collection, self._title)
                self.preview.collection = collection.name
                armature = add_person(
                    view_layer, collection, person.title, person.mover, person.phenotypes, options
                )
            if armature.name not in options.known.values():
                self._made.append(armature.name)
            armature.location = (options.scale * (person.place + stage.shift)).tolist()
        return str(armature.name)

    def _remember(self, name: str, person: Person, file: str, *, finished: bool) -> None:
        character = character_named(name)
        keys = self._options.settings.keys
        x, y, z = person.place.tolist()
        remember_part(
            character,
            Part(file, person.track, (x, y, z), keys.start, keys.spacing, finished=finished),
        )
        self._options.remember(character)
        forget_sighting(character)

    def _finish(self, stage: Stage, names: Sequence[str], last: int) -> None:
        scene, options = scene_named(self._scene_name), self._options
        self.preview.dismiss()
        if options.use_clip_rate:
            set_frame_rate(scene, stage.fps)
        scene.frame_end = max(scene.frame_end, last)
        with in_scene(scene) as view_layer:
            with object_mode(view_layer):
                camera = self._camera(scene, stage, names)
                if camera is not None and self._source is not None:
                    start = options.settings.keys.start
                    run_behind(camera, self._source, stage.clip, start, last, stage.fps)
                select_only(view_layer, names)
            scene.frame_set(scene.frame_current)
            bpy.ops.ed.undo_push(message=UNDO_MESSAGE)

    def _camera(self, scene: bpy.types.Scene, stage: Stage, names: Sequence[str]) -> Any:
        """The camera of new characters, or that of a clip that went on; None without one."""
        options, world = self._options, stage.world.moved(stage.shift)
        if stage.box is None:
            camera = None if options.character else camera_of(character_named(names[0]))
            if camera is not None:
                stand_camera(camera, world, options.scale)
            return camera
        collection = bpy.data.collections[self.preview.collection]
        remember_box(collection, stage.box)
        if not options.match_camera:
            return None
        if options.use_camera:
            set_render_size(scene, photo_of(stage.clip))
        title = f"{self._title} Camera"
        camera = add_clip_camera(scene, collection, title, stage.clip, world, options.scale)
        for name in names:
            remember_camera(character_named(name), camera)
        if options.use_camera:
            scene.camera = camera
        return camera

    def _take_back(self) -> None:
        """Nothing half-done stays; the clip's file does."""
        self.preview.dismiss()
        for name in self._made:
            character = bpy.data.objects.get(name)
            if character is not None:
                remove_character(character)
        collection: Any = bpy.data.collections.get(self.preview.collection)
        if collection is not None and not collection.objects:
            bpy.data.collections.remove(collection)


def _most_seen(tracks: Sequence[Track], count: int) -> list[Track]:
    """The people who are there longest and largest, in the order of their numbers."""
    by_size = sorted(tracks, key=_presence, reverse=True)[:count]
    return sorted(by_size, key=lambda track: track.number)


def _presence(track: Track) -> float:
    return float(track.box_px[:, 2:].prod(1).sum())


def frame_rate(scene: bpy.types.Scene) -> float:
    return float(scene.render.fps / scene.render.fps_base)


def set_frame_rate(scene: bpy.types.Scene, fps: float) -> None:
    """Any rate, such as 29.97, by a whole number and a base."""
    scene.render.fps = max(round(fps), 1)
    scene.render.fps_base = scene.render.fps / fps
