# SPDX-License-Identifier: GPL-3.0-or-later
"""How bones of our body turn, told by another tool, as a track of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.data import KEYPOINTS, Clip, Track
from ..clip.quaternions import inverse, product, slerp
from ..clip.recording import UPRIGHT
from ..rotations import quaternions_from_matrices

Array = npt.NDArray[Any]

ADULT: Final[Mapping[str, float]] = {"age": 2 / 3}  # the rest in the middle
SIZE_PX: Final = (1280, 720)  # of a camera that nobody looks through


def average_adult(body: Body) -> dict[str, float]:
    """Phenotypes by name."""
    return {name: ADULT.get(name, 0.5) for name in body.phenotype_names}


def posed_track(
    body: Body,
    phenotypes: Mapping[str, float],
    number: int,
    frames: Array,
    turns_wxyz: Mapping[str, Array],
    root_m: Array,
    cam_from_world: Array,
    facial_actions: Array,
) -> Track:
    """The track of a person whose bones turn so.

    phenotypes, all by name and 0…1, are the shape at whose rest the turns begin. frames (F,) are
    numbers from 1; turns_wxyz are, by name of a bone, unit WXYZ (F, 4) away from rest to a world;
    bones that are not named go along with their parents. root_m (F, 3) is the root's head in that
    world, metres; cam_from_world (3, 3) turns it into the camera frame. facial_actions (F, A)
    are 0…1. Nothing is raised.
    """
    rest = body.rest(phenotypes).standing()
    align = quaternions_from_matrices(
        body.arrays["reference_rotations"] @ rest.rotations.swapaxes(1, 2)
    )
    turns = np.empty((len(frames), len(body.bone_names), 4))
    for bone, (name, parent) in enumerate(zip(body.bone_names, body.bone_parents, strict=True)):
        turns[:, bone] = turns_wxyz[name] if name in turns_wxyz else turns[:, parent]
    world = product(turns, inverse(align))
    above = world[:, [max(parent, 0) for parent in body.bone_parents]]
    rotations = product(inverse(above), world)
    rotations[:, 0] = (1.0, 0.0, 0.0, 0.0)
    return Track(
        number=number,
        frames=np.asarray(frames, np.int32),
        seen=np.ones(len(frames), bool),
        root_wxyz=product(quaternions_from_matrices(cam_from_world), world[:, 0]),
        translation_m=root_m @ cam_from_world.T,
        rotations_wxyz=rotations,
        phenotypes=np.array([phenotypes[name] for name in body.phenotype_names]),
        facial_actions=facial_actions,
        confidence=np.ones((len(frames), len(body.bone_names))),
        box_px=np.tile([0.0, 0.0, 1.0, 1.0], (len(frames), 1)),
        gravity=np.array(UPRIGHT),
        floor_m=np.nan,
        keypoints_cam=np.full((len(frames), KEYPOINTS, 3), np.nan),
        feet_cam=np.full((len(frames), 2, 3, 3), np.nan),
    )


def clip_of_tracks(body: Body, tracks: Sequence[Track], fps: float, source: str) -> Clip:
    """A finished clip, whose camera says nothing."""
    width, height = SIZE_PX
    return Clip(
        fps=fps,
        width=width,
        height=height,
        focal_px=float(width),
        center_px=(width / 2, height / 2),
        rig=body.rig,
        bones=body.bone_names,
        phenotypes=body.phenotype_names,
        facial_actions=body.facial_action_names,
        source=source,
        tracks=tuple(tracks),
        request={"origin": min(int(track.frames[0]) for track in tracks), "step": 1},
    )


def half_twisted(arm: Array, hand: Array, along: Array) -> Array:
    """The arm's turns (F, 4) with half of how the hand (F, 4) twists about the forearm, along (3,)
    at rest: others twist at the wrist alone, which wrings the skin there. Unit WXYZ away from rest.
    """
    own = product(inverse(arm), hand)
    axis = along / np.linalg.norm(along)
    twist = np.concatenate([own[:, :1], (own[:, 1:] @ axis)[:, None] * axis], 1)
    length = np.linalg.norm(twist, axis=1, keepdims=True)
    twist = np.where(length > 1e-6, twist / np.maximum(length, 1e-6), [1.0, 0.0, 0.0, 0.0])
    none = np.zeros_like(twist)
    none[:, 0] = 1.0
    return product(arm, slerp(none, twist, np.full(len(twist), 0.5)))
