# SPDX-License-Identifier: GPL-3.0-or-later
"""People who are told in MHR's parameters as a clip of our body, by MHR's own skeleton."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.data import Clip, Track
from ..retarget.posed import PosedSkeleton, posed_skeleton
from ..retarget.rest import RestSkeleton, rest_skeleton
from ..retarget.slots import SIDES, BoneMap
from ..retarget.transfer import transfer
from .mhr_model import JOINTS, MhrModel, PosedJoints
from .points_clip import spot_under
from .posed_body import clip_of_tracks
from .skeleton_clip import body_skeleton, preset_named, skeleton_at_rest, skeleton_track
from .smpl_clip import frame_rate
from .smpl_motion import CAM_FROM_WORLD, Y_UP

Array = npt.NDArray[Any]

LETTERS: Final = {".L": "l", ".R": "r"}
# Joints beside the bone, on its way, that have about the share of its end's twist that the second
# half of our own forearms and shins has.
HALVES: Final = {"forearm": "lowarm_twist3_proc", "shin": "lowleg_twist3_proc"}
# An ankle is three joints, and the sole goes along with the last.
ANKLE, SOLE = "talocrural", "transversetarsal"


@dataclass(frozen=True, eq=False)
class ParameterMotion:
    """F frames of one person."""

    frames: Array  # (F,) int, ascending
    parameters: Array  # (F, 204) MHR's
    place_m: Array  # (F, 3) of MHR's origin in the world
    world: str  # CAMERA or Y_UP
    fps: float | None  # None where the file does not tell


@dataclass(frozen=True, eq=False)
class MhrPerson:
    """The same by parts of the body, in the camera frame."""

    frames: Array  # (F,) int, ascending
    source: PosedSkeleton
    place_m: Array  # (F, 3) of the body axes' origin
    cam_from_body: Array  # (3, 3) of the source's body axes
    fps: float | None

    def in_camera(self, places: Array) -> Array:
        """Places (F, 3) of the body axes."""
        return np.asarray(places @ self.cam_from_body.T + self.place_m)


def posed_mhr(model: MhrModel, motion: ParameterMotion, world: str | None) -> MhrPerson:
    """A motion by its skeleton; world (of CAM_FROM_WORLD) goes before what the file tells."""
    joints = model.at_rest(motion.parameters)
    rig = skeleton_at_rest(JOINTS, model.parents, joints.places_m[0], [None] * len(JOINTS))
    rest = rest_skeleton(rig, _bones())
    away = _away_from(joints, model.posed(motion.parameters))
    cam_from_told = CAM_FROM_WORLD[world or motion.world]
    told_from_mhr = CAM_FROM_WORLD[motion.world].T @ CAM_FROM_WORLD[Y_UP]
    return MhrPerson(
        motion.frames,
        posed_skeleton(rest, away),
        motion.place_m @ cam_from_told.T,
        cam_from_told @ told_from_mhr @ rest.axes,
        motion.fps,
    )


def _bones() -> BoneMap:
    bones = dict(preset_named("MHR").bones)
    for at, letter in LETTERS.items():
        for slot, half in HALVES.items():
            bones[slot + at] = (*bones[slot + at], f"{letter}_{half}")
    return bones


def _away_from(rest: PosedJoints, posed: PosedJoints) -> Array:
    """Where joints come and how they turn away from rest (F, 127, 4, 4)."""
    away = np.tile(np.eye(4), (*posed.places_m.shape[:2], 1, 1))
    away[..., :3, :3] = posed.rotations @ rest.rotations.swapaxes(-1, -2)
    away[..., :3, 3] = posed.places_m
    for letter in LETTERS.values():
        ankle, sole = (JOINTS.index(f"{letter}_{name}") for name in (ANKLE, SOLE))
        away[:, ankle, :3, :3] = away[:, sole, :3, :3]
    return away


def clip_of_mhr(
    body: Body,
    phenotypes: Mapping[str, float],
    people: Sequence[MhrPerson],
    fps: float | None,
    source: str,
) -> Clip:
    """All people, in one shape (phenotypes by name, 0…1); fps goes before what the file tells.

    Everybody stays where they stand, and is made as large there as their new legs are long.
    Nothing is raised.
    """
    target = body_skeleton(body, phenotypes)
    tracks = [
        _track(body, phenotypes, target, number, person) for number, person in enumerate(people)
    ]
    rate = frame_rate(fps, (person.fps for person in people))
    return clip_of_tracks(body, tracks, rate, source)


def _track(
    body: Body,
    phenotypes: Mapping[str, float],
    target: RestSkeleton,
    number: int,
    person: MhrPerson,
) -> Track:
    pose = transfer(person.source, target)
    hips = person.in_camera(person.source.hips())
    ankles = [person.in_camera(person.source.places[f"foot{at}"]) for at in SIDES]
    spot = spot_under(np.stack(ankles, 1), hips)
    placed = spot + pose.scale * (hips - spot)
    return skeleton_track(
        body,
        phenotypes,
        number,
        person.frames + 1,
        pose,
        placed @ person.cam_from_body,
        person.cam_from_body,
    )
