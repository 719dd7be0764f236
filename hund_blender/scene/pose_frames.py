# SPDX-License-Identifier: GPL-3.0-or-later
"""A character in the pose of one moment of a clip, as fast as a viewport can show it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..clip.motion import Motion
from ..rigs import Rig
from ..rotations import matrices_from_quaternions
from .armature import turn_bones
from .clip_actions import faces_of


def show_pose(character: Any, rig: Rig, motion: Motion) -> None:
    """The first frame of a motion; nothing is keyed."""
    bones = character.pose.bones
    turns = motion.rotations_wxyz[0]
    if all(bones[name].rotation_mode == "QUATERNION" for name in rig.bone_names):
        for name, wxyz in zip(rig.bone_names, turns.tolist(), strict=True):
            bones[name].rotation_quaternion = wxyz
    else:
        turn_bones(character, rig.bone_names, matrices_from_quaternions(turns))
    root = bones[rig.bone_names[0]].bone
    away = motion.root_m[0] - np.array(root.head_local)
    bones[root.name].location = away @ np.array(root.matrix_local)[:3, :3]
    for keys in faces_of(character):
        for name, value in zip(rig.body.facial_action_names, motion.facial_actions[0], strict=True):
            if name in keys.key_blocks:
                keys.key_blocks[name].value = value
