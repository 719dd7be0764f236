# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions in SMPL's joints as a clip of our body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.amass import JOINTS, turns_of_joints
from ..clip.data import Clip, Track
from ..clip.mover import hips_m
from ..clip.quaternions import exponential, product, turned
from ..clip.smplx_arrays import PELVIS
from .posed_body import average_adult, clip_of_tracks, half_twisted, posed_track
from .smpl_motion import CAM_FROM_WORLD, SmplMotion
from .smplx_terms import actions_of_expression, phenotypes_of_betas

Array = npt.NDArray[Any]
# By name how bones turn (F, 4), the root's way from the place that is told (F, 3) or (3,), and
# facial actions (F, A).
Told = tuple[dict[str, Array], Array, Array]

FPS: Final = 30.0  # where neither file nor artist tells
JAW_RAD: Final = np.radians(25.0)  # that open a mouth about as wide as jawOpen does
SIDES: Final = (".L", ".R")
JAW: Final = "jaw"  # of the bones of SMPL-X's body
TOES: Final = "toe3-1"  # the one of JOINTS, which all turn with


def clip_of_smpl(
    body: Body,
    phenotypes: Mapping[str, float] | None,
    motions: Sequence[SmplMotion],
    fps: float | None,
    source: str,
) -> Clip:
    """All people, in one shape, or where none is given in their own; fps goes before what the file
    tells.

    Their own shape is in numbers of SMPL-X's. On other bodies than that, who moves is taken for an
    average adult, and a character with longer legs goes as much farther.
    """
    tracks = [_track(body, phenotypes, number, motion) for number, motion in enumerate(motions)]
    rate = frame_rate(fps, (motion.fps for motion in motions))
    return clip_of_tracks(body, tracks, rate, source)


def frame_rate(wanted: float | None, told: Iterable[float | None]) -> float:
    """What somebody wants, else the first that a file tells of its people, else FPS."""
    return wanted or next((fps for fps in told if fps is not None), None) or FPS


def _own_shape(body: Body, motion: SmplMotion) -> Mapping[str, float]:
    if body.rests_in_t_pose and motion.betas is not None:
        return phenotypes_of_betas(body, motion.betas)
    return average_adult(body)


def _track(body: Body, shape: Mapping[str, float] | None, number: int, motion: SmplMotion) -> Track:
    own_shape = _own_shape(body, motion)
    phenotypes = shape or own_shape
    rest = body.rest(phenotypes).standing()
    size = hips_m(rest) / hips_m(body.rest(own_shape))
    heads = dict(zip(body.bone_names, rest.heads, strict=True))
    told = _on_smplx if body.rests_in_t_pose else _on_our_body
    turns, from_place, faces = told(body, motion, heads)
    return posed_track(
        body,
        phenotypes,
        number,
        motion.frames + 1,
        turns,
        size * motion.trans_m + from_place,
        CAM_FROM_WORLD[motion.world],
        faces,
    )


def _on_our_body(body: Body, motion: SmplMotion, heads: Mapping[str, Array]) -> Told:
    joints = turns_of_joints(motion.local_wxyz, heads)
    turns = {name: joints[:, joint] for joint, name in enumerate(JOINTS)}
    for side in SIDES:
        along = heads[f"wrist{side}"] - heads[f"lowerarm01{side}"]
        turns[f"lowerarm02{side}"] = half_twisted(
            turns[f"lowerarm01{side}"], turns[f"wrist{side}"], along
        )
    faces = np.zeros((len(joints), len(body.facial_action_names)))
    jaw = body.facial_action_names.index("jawOpen")
    faces[:, jaw] = (motion.jaw_rad / JAW_RAD).clip(0.0, 1.0)
    return turns, np.zeros(3), faces


def _on_smplx(body: Body, motion: SmplMotion, heads: Mapping[str, Array]) -> Told:
    """On the body of SMPL-X joints turn as the file says, the jaw as well, and faces move."""
    joints = turns_of_joints(motion.local_wxyz, None)
    turns = {name: joints[:, joint] for joint, name in enumerate(JOINTS)}
    for name in body.bone_names:
        if name.startswith("toe"):
            turns[name] = turns[f"{TOES}{name[-2:]}"]
    opened = exponential(motion.jaw_rad[:, None] * np.array([1.0, 0.0, 0.0]))
    turns[JAW] = product(turns["head"], opened)
    from_pelvis = turned(turns["root"], heads["root"] - heads[PELVIS])
    return turns, from_pelvis, actions_of_expression(body, motion.expression)
