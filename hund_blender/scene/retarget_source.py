# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be retargeted: a pose as it is shown, a motion, a pose asset."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..errors import SceneError
from ..retarget.description import RigDescription
from ..retarget.mapping import SOURCE, automatic_map
from ..retarget.posed import posed_skeleton
from ..retarget.presets import Preset, built_in_presets
from ..retarget.rest import RestSkeleton, rest_skeleton
from .pose_rest import asset_motion, asset_rig
from .retarget import Source
from .rig_description import describe
from .rig_faces import facial_actions
from .source_motion import action_motion, frames_of, is_animated, motion, present_pose


def shown_pose(thing: Any, preset: Preset | None = None) -> Source:
    """The pose that an armature object shows, by this map of its bones or by the automatic one."""
    rig = describe(thing)
    view_layer = bpy.context.view_layer
    frames = np.array([float(bpy.context.scene.frame_current)])
    posed = posed_skeleton(_skeleton(rig, preset), present_pose(thing, rig, view_layer))
    return Source(posed, frames, _world(thing), thing.name, facial_actions(thing, frames))


def whole_motion(thing: Any, preset: Preset | None = None) -> Source:
    """What an armature object does over the frames of its action."""
    if not is_animated(thing):
        raise SceneError(f"“{thing.name}” has no action.", "Choose another source, or its pose.")
    rig, frames = describe(thing), frames_of(thing)
    posed = posed_skeleton(_skeleton(rig, preset), motion(thing, rig, frames))
    action = thing.animation_data.action
    name = action.name if action is not None else thing.name
    return Source(posed, frames, _world(thing), name, facial_actions(thing, frames))


def pose_asset(action: Any, thing: Any = None) -> Source:
    """The pose of an action with one frame, of a rig that it tells itself, or else of an armature
    object.
    """
    frames = np.array([float(action.frame_range[0])])
    rig = asset_rig(action)
    if rig is not None:
        posed = posed_skeleton(_skeleton(rig), asset_motion(action, rig, frames))
        return Source(posed, frames, np.eye(4), action.name, {})
    if thing is None:
        raise SceneError(
            f"“{action.name}” does not say for which rig it is.", "Choose a source that it fits."
        )
    rig = describe(thing)
    posed = posed_skeleton(_skeleton(rig), action_motion(thing, rig, action, frames))
    return Source(posed, frames, _world(thing), action.name, {})


def _skeleton(rig: RigDescription, preset: Preset | None = None) -> RestSkeleton:
    own = preset or automatic_map(rig, built_in_presets(), SOURCE).preset
    return rest_skeleton(rig, own.bones)


def _world(thing: Any) -> Any:
    return np.array(thing.matrix_world)
