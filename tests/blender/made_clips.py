# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of clips made by walking the body here: what is in them is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import made_motion
import numpy as np

from hund_blender.axes import BLENDER_FROM_CAM
from hund_blender.body import Body
from hund_blender.clip.data import KEYPOINTS, Clip, Track
from hund_blender.clip.quaternions import exponential, inverse, product, turned
from hund_blender.rotations import matrices_from_quaternions, quaternions_from_matrices

ADULT = made_motion.ADULT
CAMERA_M = 1.5
AWAY_M = 5.0
FPS = 30.0
WIDTH, HEIGHT, FOCAL_PX = 640, 480, 768.0


def clip(body: Body, people: int = 1, frames: int = 60, fps: float = FPS) -> Clip:
    """People who walk side by side towards an upright camera, opening and closing the mouth."""
    tracks = tuple(_walker(body, number, frames, fps) for number in range(people))
    return _clip(body, tracks, fps)


def clip_of_people(body: Body, parameters: Sequence[dict[str, Any]]) -> Clip:
    """One person over frames from `parameters` of estimates."""
    count = len(parameters)
    rotations = np.zeros((count, len(body.bone_names), 4))
    rotations[..., 0] = 1.0
    faces = np.zeros((count, len(body.facial_action_names)))
    for row, given in enumerate(parameters):
        for name, wxyz in given["rotations"].items():
            rotations[row, body.bone_names.index(name)] = wxyz
        for name, value in given["facial_actions"].items():
            faces[row, body.facial_action_names.index(name)] = value
    track = _track(
        body,
        0,
        np.array([given["root"] for given in parameters]),
        np.array([given["translation"] for given in parameters]),
        rotations,
        faces,
        parameters[0]["phenotypes"],
    )
    return _clip(body, (track,), FPS)


def _walker(body: Body, number: int, frames: int, fps: float) -> Track:
    """The motion of made_motion.walk, told as the server does."""
    bones = made_motion.skeleton(body)
    walk = made_motion.walk(bones, frames, fps)
    rest = body.rest(ADULT).standing()
    align = quaternions_from_matrices(
        body.arrays["reference_rotations"] @ rest.rotations.swapaxes(1, 2)
    )
    turns = product(bones.turns(walk.rotations_wxyz), inverse(align))  # G
    above = turns[:, [max(parent, 0) for parent in body.bone_parents]]
    rotations = product(inverse(above), turns)
    rotations[:, 0] = (1.0, 0.0, 0.0, 0.0)
    to_cam = quaternions_from_matrices(BLENDER_FROM_CAM.T)
    place = walk.root_m + np.array([number * 1.5, AWAY_M, -CAMERA_M])
    faces = np.zeros((frames, len(body.facial_action_names)))
    faces[:, body.facial_action_names.index("jawOpen")] = 0.5 - 0.5 * np.cos(
        2 * np.pi * walk.frames / 20
    )
    root = np.broadcast_to(to_cam, turns[:, 0].shape)
    return _track(
        body, number, product(root, turns[:, 0]), turned(root, place), rotations, faces, ADULT
    )


def _track(
    body: Body,
    number: int,
    root: np.ndarray,
    translation: np.ndarray,
    rotations: np.ndarray,
    faces: np.ndarray,
    phenotypes: dict[str, float],
) -> Track:
    count = len(root)
    return Track(
        number=number,
        frames=np.arange(1, count + 1, dtype=np.int32),
        seen=np.ones(count, bool),
        root_wxyz=root,
        translation_m=translation,
        rotations_wxyz=rotations,
        phenotypes=np.array([phenotypes.get(name, 0.5) for name in body.phenotype_names]),
        facial_actions=faces,
        confidence=np.ones((count, len(body.bone_names))),
        box_px=np.tile([100.0 + 150 * number, 50.0, 100.0, 300.0], (count, 1)),
        gravity=np.array([0.0, 1.0, 0.0]),
        floor_m=np.nan,
        keypoints_cam=np.full((count, KEYPOINTS, 3), np.nan),
        feet_cam=np.full((count, 2, 3, 3), np.nan),
    )


def _clip(body: Body, tracks: tuple[Track, ...], fps: float) -> Clip:
    return Clip(
        fps=fps,
        width=WIDTH,
        height=HEIGHT,
        focal_px=FOCAL_PX,
        center_px=(WIDTH / 2, HEIGHT / 2),
        rig="anny",
        bones=body.bone_names,
        phenotypes=body.phenotype_names,
        facial_actions=body.facial_action_names,
        source="walk.mp4",
        tracks=tracks,
    )


def vertices(body: Body, track: Track, row: int) -> np.ndarray:
    """Posed vertices of one frame in the axes of Blender, round the camera."""
    return vertices_cam(body, track, row) @ BLENDER_FROM_CAM.T


def vertices_cam(body: Body, track: Track, row: int) -> np.ndarray:
    """Posed vertices of one frame in the camera frame, as docs/conventions.md has it."""
    rotations = dict(zip(body.bone_names, track.rotations_wxyz[row], strict=True))
    phenotypes = dict(zip(body.phenotype_names, track.phenotypes.tolist(), strict=True))
    actions = dict(zip(body.facial_action_names, track.facial_actions[row].tolist(), strict=True))
    rest = body.rest(phenotypes, actions)
    posed = body.pose(rest, rotations)
    turn = matrices_from_quaternions(np.asarray(track.root_wxyz[row], float))
    place = np.asarray(track.translation_m[row], float)
    return posed.moved(turn, rest.heads[0], place).vertices


def shaken(clip: Clip, degrees: float = 1.0, metres: float = 0.005) -> Clip:
    """With white noise on all bones and places."""
    rng = np.random.default_rng(0)

    def shake(track: Track) -> Track:
        turns = exponential(
            np.radians(degrees) * rng.normal(size=(*track.rotations_wxyz.shape[:2], 3))
        )
        turns[:, 0] = (1.0, 0.0, 0.0, 0.0)
        return replace(
            track,
            rotations_wxyz=product(track.rotations_wxyz, turns),
            translation_m=track.translation_m + metres * rng.normal(size=(len(track.frames), 3)),
        )

    return replace(clip, tracks=tuple(shake(track) for track in clip.tracks))
