# SPDX-License-Identifier: GPL-3.0-or-later
"""A track of a clip to the motion of a rig: camera to world, the body's bones to the rig's.

For one photo `pose.py` does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..axes import world_from_cam
from ..body import Body, RestBody
from ..rigs import Rig
from ..rotations import matrices_from_quaternions, quaternions_from_matrices
from .data import Clip, Track
from .motion import Motion
from .mover import Mover
from .quaternions import normalised, product, turned

Array = npt.NDArray[Any]

STANDING_SHARE: Final = 20.0  # percentile of heights at which the lower foot is on the floor
CHUNK: Final = 500  # frames at once, which keeps memory flat


@dataclass(frozen=True, eq=False)
class World:
    """How the clip's camera stands in Blender's world."""

    rotation: Array  # (3, 3) world_from_cam
    location: Array  # (3,) metres

    @property
    def turn_wxyz(self) -> Array:
        return quaternions_from_matrices(self.rotation)

    def moved(self, by_m: Array) -> World:
        """The same elsewhere, by (3,)."""
        return World(self.rotation, self.location + by_m)

    def points(self, points_cam: Array) -> Array:
        """Points (..., 3) of the camera frame in the world."""
        moved: Array = points_cam @ self.rotation.T + self.location
        return moved


def body_turns(body: Body, rest: RestBody, rotations_wxyz: Array) -> Array:
    """Turns G A (F, B, 4) away from rest of the body's bones, the root's left out."""
    align = quaternions_from_matrices(
        body.arrays["reference_rotations"] @ rest.rotations.swapaxes(1, 2)
    )
    own = normalised(np.asarray(rotations_wxyz, float))
    world = np.empty_like(own)
    world[:, 0] = (1.0, 0.0, 0.0, 0.0)
    for bone, parent in enumerate(body.bone_parents[1:], start=1):
        world[:, bone] = product(world[:, parent], own[:, bone])
    return product(world, align)


def body_heads(body: Body, rest: RestBody, turns_wxyz: Array) -> Array:
    """Heads (F, B, 3) of the body's bones turned so (F, B, 4), the root at rest."""
    heads = np.empty((*turns_wxyz.shape[:2], 3))
    heads[:, 0] = rest.heads[0]
    for bone, parent in enumerate(body.bone_parents[1:], start=1):
        offset = rest.heads[bone] - rest.heads[parent]
        moved = offset if parent == 0 else turned(turns_wxyz[:, parent], offset)
        heads[:, bone] = heads[:, parent] + moved
    return heads


def rig_turns(rig: Rig, rest: RestBody, rotations_wxyz: Array) -> Array:
    """Turns (F, R, 4) away from rest of the rig's bones, the root's left out."""
    chunks = [
        _rig_turns(rig, rest, rotations_wxyz[start : start + CHUNK])
        for start in range(0, len(rotations_wxyz), CHUNK)
    ]
    return np.concatenate(chunks)


def _rig_turns(rig: Rig, rest: RestBody, rotations_wxyz: Array) -> Array:
    turns = body_turns(rig.body, rest, rotations_wxyz)
    if rig.is_the_bodys_own:
        return turns
    heads = body_heads(rig.body, rest, turns)
    matrices, _ = rig.posed(rest, matrices_from_quaternions(turns), heads)
    return quaternions_from_matrices(matrices)


def motion_of(clip: Clip, track: Track, world: World, mover: Mover, size: float = 1.0) -> Motion:
    """The track as motion of an armature at the world's origin; nothing is cleaned up yet.

    A character of another size than the person in the clip goes so many times as far.
    """
    rig = mover.rig
    rotations = _in_order(track.rotations_wxyz, clip.bones, rig.body.bone_names)
    root = product(world.turn_wxyz, normalised(np.asarray(track.root_wxyz, float)))
    turns = product(root[:, None], rig_turns(rig, mover.rest, rotations))
    return Motion(
        fps=clip.fps,
        frames=(track.frames - clip.first) // clip.step,
        seen=track.seen,
        rotations_wxyz=mover.skeleton.rotations(turns),
        root_m=size * world.points(np.asarray(track.translation_m, float)),
        facial_actions=_named(
            track.facial_actions, clip.facial_actions, rig.body.facial_action_names
        ),
    )


def _in_order(rotations_wxyz: Array, names: Sequence[str], wanted: Sequence[str]) -> Array:
    """Rotations (F, B, 4) of the wanted bones, identity for those that are not there."""
    result = np.zeros((len(rotations_wxyz), len(wanted), 4))
    result[..., 0] = 1.0
    place = {name: bone for bone, name in enumerate(wanted)}
    known = [bone for bone, name in enumerate(names) if name in place]
    result[:, [place[names[bone]] for bone in known]] = rotations_wxyz[:, known]
    return result


def _named(values: Array, names: Sequence[str], wanted: Sequence[str]) -> Array:
    """Values (F, A) of the wanted names, 0 for those that are not there."""
    result = np.zeros((len(values), len(wanted)))
    for column, name in enumerate(names):
        if name in wanted:
            result[:, wanted.index(name)] = values[:, column]
    return result


def world_of(clip: Clip, body: Body) -> World:
    """The static camera over the floor; where that is unknown, feet that are down tell."""
    gravity = _gravity(clip)
    rotation = world_from_cam(gravity)
    known = [track.floor_m for track in clip.tracks if np.isfinite(track.floor_m)]
    if known:
        return World(rotation, np.array([0.0, 0.0, float(np.median(known))]))
    heights = [_standing_height(clip, track, body, rotation) for track in clip.tracks]
    return World(rotation, np.array([0.0, 0.0, -min(heights, default=0.0)]))


def _gravity(clip: Clip) -> Array:
    total = np.sum([track.gravity for track in clip.tracks], axis=0) if clip.tracks else np.zeros(3)
    upright = np.array([0.0, 1.0, 0.0])
    gravity: Array = total if np.linalg.norm(total) > 0.5 else upright
    return gravity


def _standing_height(clip: Clip, track: Track, body: Body, rotation: Array) -> float:
    """How high over the camera the lower foot of a person is when it stands."""
    rest = body.rest(clip.phenotypes_of(track))
    feet = [body.bone_names.index(name) for name in ("foot.L", "foot.R")]
    turns = body_turns(body, rest, _in_order(track.rotations_wxyz, clip.bones, body.bone_names))
    from_root = body_heads(body, rest, turns)[:, feet] - rest.heads[0]
    cam = turned(track.root_wxyz[:, None], from_root) + track.translation_m[:, None]
    ankle_m = rest.heads[feet, 2].min() - rest.vertices[:, 2].min()
    lower = (cam @ rotation.T)[..., 2].min(1) - ankle_m
    return float(np.percentile(lower, STANDING_SHARE))
