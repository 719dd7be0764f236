# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's pose as it is shown, or its whole action, with all that the artist did to it."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..clip.motion import Motion
from ..clip.mover import Mover
from ..clip.quaternions import inverse, product
from ..errors import SceneError
from ..rotations import nearest_rotations, quaternions_from_matrices
from .clip_people import mover_in
from .clip_placing import frame_rate
from .rig_description import describe
from .rig_faces import facial_actions
from .source_motion import frames_of, is_animated, motion, present_pose

Array = npt.NDArray[Any]


def shown_pose(scene: bpy.types.Scene, character: Any) -> tuple[Motion, Mover]:
    """One frame, unkeyed changes included; and who shows it."""
    frames = np.array([float(scene.frame_current)])
    matrices = present_pose(character, describe(character), bpy.context.view_layer)
    return _motion(scene, character, frames, matrices)


def shown_action(scene: bpy.types.Scene, character: Any) -> tuple[Motion, Mover]:
    """All frames of its action, or of its NLA tracks; and who does it."""
    if not is_animated(character):
        raise SceneError(f"“{character.name}” has no action.", "Export its pose.")
    frames = frames_of(character)
    return _motion(scene, character, frames, motion(character, describe(character), frames))


def _motion(
    scene: bpy.types.Scene, character: Any, frames: Array, matrices: Array
) -> tuple[Motion, Mover]:
    """From matrices (F, B, 4, 4) in armature space, in the order of the description's bones."""
    mover, places = mover_in(character.name), describe(character).index
    own = matrices[:, [places[name] for name in mover.rig.bone_names]]
    turned = quaternions_from_matrices(nearest_rotations(own[..., :3, :3]))
    turns = product(turned, inverse(mover.skeleton.frames_wxyz))
    shown = facial_actions(character, frames)
    names = mover.rig.body.facial_action_names
    nothing = np.zeros(len(frames))
    return Motion(
        fps=frame_rate(scene),
        frames=np.arange(len(frames)),
        seen=np.ones(len(frames), bool),
        rotations_wxyz=mover.skeleton.rotations(turns),
        root_m=own[:, 0, :3, 3],
        facial_actions=np.stack([shown.get(name, nothing) for name in names], 1),
    ), mover
