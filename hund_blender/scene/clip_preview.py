# SPDX-License-Identifier: GPL-3.0-or-later
"""People who move in the viewport while a clip's frames arrive; they become its characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.conversion import World, motion_of, world_of
from ..clip.data import Clip, Track
from ..clip.mover import Mover
from ..clip.process import place_of, size_of
from ..clip.recording import FrameOfPeople, Recording
from .clip_people import (
    ClipOptions,
    add_person,
    beside_others,
    collection_for,
    mover_in,
    mover_to_be,
    remove_character,
    scene_named,
)
from .pose_frames import show_pose
from .restore import can_build, in_scene, object_mode

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class StandIn:
    """One of them, found by name: Blender moves things in memory."""

    name: str
    mover: Mover
    place: Array  # (3,) of the clip's world at its origin, metres
    size: float

    @property
    def character(self) -> Any:
        return bpy.data.objects.get(self.name)


class Preview:
    """Stand-ins by the number of their tracks. There are never more than people in one frame."""

    def __init__(self, scene_name: str, title: str, options: ClipOptions) -> None:
        self.collection = ""
        self.stand_ins: dict[int, StandIn] = {}
        self.room: tuple[Array, Array] | None = None  # what beside_others told
        self._scene_name, self._title, self._options = scene_name, title, options
        self._world: World | None = None
        chosen = [options.character] if options.character else []
        self._theirs = frozenset([*chosen, *options.known.values()])  # nothing of ours to remove
        self._waiting = sorted(self._theirs)

    def show(self, recording: Recording, frame: FrameOfPeople) -> None:
        """Pose everybody as in a frame."""
        clip = recording.clip_of_one(frame)
        if clip.tracks and can_build():
            self._introduce(clip, recording.body)
        for track in clip.tracks:
            stand_in = self.stand_ins.get(track.number)
            if stand_in is not None and stand_in.character is not None and self._world is not None:
                motion = motion_of(clip, track, self._world, stand_in.mover, stand_in.size)
                rig = stand_in.mover.rig
                show_pose(stand_in.character, rig, motion.moved(-stand_in.place))

    def _introduce(self, clip: Clip, body: Body) -> None:
        """Somebody for everybody who has nobody yet, the largest first."""
        self.stand_ins = {n: one for n, one in self.stand_ins.items() if one.character is not None}
        here = {track.number for track in clip.tracks}
        idle = [number for number in self.stand_ins if number not in here]
        strangers = [track for track in clip.tracks if track.number not in self.stand_ins]
        for track in sorted(strangers, key=_area, reverse=True):
            if idle:
                self.stand_ins[track.number] = self.stand_ins.pop(idle.pop(0))
            elif self._waiting:
                self._cast(self._waiting.pop(0), clip, track, body)
            elif not self._options.character:
                self._build(clip, track, body)

    def _cast(self, name: str, clip: Clip, track: Track, body: Body) -> None:
        """Somebody who is there already moves where he or she is."""
        self._world = self._world or world_of(clip, body)
        self._add(name, clip, track, mover_in(name))

    def _build(self, clip: Clip, track: Track, body: Body) -> None:
        scene, options = scene_named(self._scene_name), self._options
        phenotypes = clip.phenotypes_of(track)
        mover = mover_to_be(options.rig, body, phenotypes)
        with in_scene(scene) as view_layer, object_mode(view_layer):
            if self._world is None:
                world = world_of(clip, body)
                self.room = beside_others(scene, view_layer, clip, world, options.scale)
                self._world = world.moved(self.room[0])
            collection = collection_for(scene, self.collection, self._title)
            self.collection = collection.name
            title = f"{self._title} Person {len(self.stand_ins) + 1}"
            armature = add_person(view_layer, collection, title, mover, phenotypes, options)
        stand_in = self._add(armature.name, clip, track, mover)
        armature.location = (options.scale * stand_in.place).tolist()

    def _add(self, name: str, clip: Clip, track: Track, mover: Mover) -> StandIn:
        assert self._world is not None
        size = size_of(clip, track, mover)
        stand_in = StandIn(name, mover, place_of(track, self._world, size), size)
        self.stand_ins[track.number] = stand_in
        return stand_in

    def take(self, number: int) -> str:
        """The name of the one of ours who becomes the character of a track, empty for none."""
        ours = [n for n, one in self.stand_ins.items() if one.name not in self._theirs]
        chosen = number if number in ours else next(iter(ours), None)
        return self.stand_ins.pop(chosen).name if chosen is not None else ""

    def dismiss(self) -> None:
        """Remove those of ours who were not needed."""
        for stand_in in self.stand_ins.values():
            if stand_in.character is not None and stand_in.name not in self._theirs:
                remove_character(stand_in.character)
        self.stand_ins = {}


def _area(track: Track) -> float:
    return float(np.prod(track.box_px[0, 2:]))
