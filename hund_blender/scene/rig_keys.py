# SPDX-License-Identifier: GPL-3.0-or-later
"""A retargeted motion into a rig's pose, onto a frame, or into an action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..compat import channels_to_key
from ..retarget.solve import Channels
from .retarget import DEFAULT, RetargetOptions, Source, Target, moving_face, retargeted
from .rig_curves import bone_path, write_keys
from .rig_faces import key_face, show_face
from .rig_state import rotation_channel

Array = npt.NDArray[Any]


def pose_rig(target: Target, source: Source, options: RetargetOptions = DEFAULT) -> list[Channels]:
    """Pose a rig like the first frame of a source."""
    found = retargeted(target, source, options, _current())
    show(target, found)
    show_face(target.thing, moving_face(source, options), options.amount)
    return found


def _current() -> Array:
    return np.array([float(bpy.context.scene.frame_current)])


def show(target: Target, found: Sequence[Channels]) -> None:
    """Put the first frame's values into the channels of bones."""
    for bone, rotation, location in found:
        pose_bone = target.bone(bone)
        if rotation is not None:
            setattr(pose_bone, rotation_channel(pose_bone.rotation_mode), rotation[0])
        if location is not None:
            pose_bone.location = location[0]
    target.thing.update_tag()


def key_rig(target: Target, source: Source, options: RetargetOptions = DEFAULT) -> None:
    """Pose a rig, and key that on the current frame of its own action."""
    found = pose_rig(target, source, options)
    animation = target.thing.animation_data
    action = animation.action if animation else None
    action = action or bpy.data.actions.new(target.thing.name)
    write(target, found, channels_to_key(target.thing, action), _current())
    key_face(target.thing, moving_face(source, options), options.amount, _current(), action)


def animate_rig(target: Target, source: Source, options: RetargetOptions = DEFAULT) -> Any:
    """A new action with the source's motion; what the rig did before is kept in the file."""
    found = retargeted(target, source, options, source.frames)
    action = _new_action(target, source, options)
    channels = channels_to_key(target.thing, action)
    write(target, found, channels, source.frames)
    face = moving_face(source, options)
    key_face(target.thing, face, options.amount, source.frames, action)
    return action


def _new_action(target: Target, source: Source, options: RetargetOptions) -> Any:
    animation = target.thing.animation_data
    before = animation.action if animation else None
    name = f"{source.name} {target.thing.name}"
    if before is None:
        return bpy.data.actions.new(name)
    before.use_fake_user = True
    if options.is_whole:
        return bpy.data.actions.new(name)
    action = before.copy()
    action.name, action.use_fake_user = name, False
    return action


def write(target: Target, found: Sequence[Channels], channels: Any, frames: Array) -> None:
    """Key values on frames (F,)."""
    for bone, rotation, location in found:
        name, mode = target.rig.names[bone], target.bone(bone).rotation_mode
        if rotation is not None:
            write_keys(channels, bone_path(name, rotation_channel(mode)), frames, rotation, name)
        if location is not None:
            write_keys(channels, bone_path(name, "location"), frames, location, name)
