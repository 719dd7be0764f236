# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions in SMPL's joints as a clip of our body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.amass import JOINTS, turns_of_joints
from ..clip.data import Clip, Track
from ..clip.mover import hips_m
from .posed_body import average_adult, clip_of_tracks, half_twisted, posed_track
from .smpl_motion import CAM_FROM_WORLD, SmplMotion

Array = npt.NDArray[Any]

FPS: Final = 30.0  # where neither file nor artist tells
JAW_RAD: Final = np.radians(25.0)  # that open a mouth about as wide as jawOpen does
SIDES: Final = (".L", ".R")


def clip_of_smpl(
    body: Body,
    phenotypes: Mapping[str, float],
    motions: Sequence[SmplMotion],
    fps: float | None,
    source: str,
) -> Clip:
    """All people, in one shape; fps goes before what the file tells.

    The shape in the file is in numbers of SMPL's own, so who moves is taken for an average adult,
    and a character with longer legs goes as much farther.
    """
    tracks = [_track(body, phenotypes, number, motion) for number, motion in enumerate(motions)]
    told = next((motion.fps for motion in motions if motion.fps is not None), None)
    return clip_of_tracks(body, tracks, fps or told or FPS, source)


def _track(body: Body, phenotypes: Mapping[str, float], number: int, motion: SmplMotion) -> Track:
    rest = body.rest(phenotypes).standing()
    size = hips_m(rest) / hips_m(body.rest(average_adult(body)))
    heads = dict(zip(body.bone_names, rest.heads, strict=True))
    joints = turns_of_joints(motion.local_wxyz, heads)
    turns = {name: joints[:, joint] for joint, name in enumerate(JOINTS)}
    for side in SIDES:
        along = heads[f"wrist{side}"] - heads[f"lowerarm01{side}"]
        turns[f"lowerarm02{side}"] = half_twisted(
            turns[f"lowerarm01{side}"], turns[f"wrist{side}"], along
        )
    jaw = (motion.jaw_rad / JAW_RAD).clip(0.0, 1.0)
    return posed_track(
        body,
        phenotypes,
        number,
        motion.frames + 1,
        turns,
        size * motion.trans_m,
        CAM_FROM_WORLD[motion.world],
        jaw,
    )
