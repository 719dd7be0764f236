# SPDX-License-Identifier: GPL-3.0-or-later
"""What a source shows: an armature's present pose, or an action on it, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..compat import channels_of, object_channels
from ..retarget.channels import BoneState, rotation_matrices
from ..retarget.description import RigDescription
from ..retarget.forward import forward
from .alone import alone
from .rig_curves import bone_path, sampled
from .rig_state import rotation_channel, state_of

Array = npt.NDArray[Any]
Curves = Mapping[tuple[str, int], Any]


def present_pose(armature_object: Any, rig: RigDescription, view_layer: Any) -> Array:
    """The bones' matrices (1, B, 4, 4) as they are shown, unkeyed changes included."""
    if view_layer.objects.get(armature_object.name) != armature_object:
        with alone(armature_object, bpy.context.scene.frame_current) as evaluation:
            return evaluation.matrices(rig.names)[None]
    view_layer.update()
    bones = armature_object.evaluated_get(view_layer.depsgraph).pose.bones
    return np.array([bones[name].matrix for name in rig.names])[None]


def is_animated(armature_object: Any) -> bool:
    """Whether it does something over time by itself."""
    animation = armature_object.animation_data
    return animation is not None and (animation.action is not None or uses_nla(animation))


def uses_nla(animation: Any) -> bool:
    """Whether strips of NLA tracks play."""
    return bool(animation.use_nla and any(track.strips for track in animation.nla_tracks))


def frames_of(armature_object: Any) -> Array:
    """The whole frames (F,) that its action, or its NLA tracks, cover."""
    animation = armature_object.animation_data
    if animation.action is not None:
        first, last = animation.action.frame_range
    else:
        strips = [strip for track in animation.nla_tracks for strip in track.strips]
        first = min(strip.frame_start for strip in strips)
        last = max(strip.frame_end for strip in strips)
    return np.arange(np.floor(first), np.ceil(last) + 1)


def motion(armature_object: Any, rig: RigDescription, frames: Array) -> Array:
    """The bones' matrices (F, B, 4, 4) at frames (F,), in the armature space of the first frame:
    what the object itself does counts as well.
    """
    channels = object_channels(armature_object)
    if channels is not None and _is_plain(armature_object, rig, channels):
        return forward(rig, basis_of(_states(armature_object, rig), channels, frames))
    matrices, worlds = [], []
    with alone(armature_object, frames[0]) as evaluation:
        for frame in frames:
            evaluation.at(frame)
            matrices.append(evaluation.matrices(rig.names))
            worlds.append(evaluation.world())
    moved = np.linalg.solve(worlds[0], np.array(worlds))
    return np.asarray(moved[:, None] @ np.array(matrices))


def action_motion(armature_object: Any, rig: RigDescription, action: Any, frames: Array) -> Array:
    """The bones' matrices (F, B, 4, 4) of another action of the armature, such as a pose asset."""
    return forward(
        rig, basis_of(_states(armature_object, rig), channels_of(action, "OBJECT"), frames)
    )


def _states(armature_object: Any, rig: RigDescription) -> dict[str, BoneState]:
    return {name: state_of(armature_object.pose.bones[name]) for name in rig.names}


def _is_plain(armature_object: Any, rig: RigDescription, channels: Any) -> bool:
    """Whether F-curves of bones alone decide, so that nothing need be evaluated."""
    animation = armature_object.animation_data
    moves = any(not curve.data_path.startswith("pose.") for curve in channels.fcurves)
    stands = armature_object.parent is None and not armature_object.constraints
    return bool(rig.follows.all() and stands and not moves and not uses_nla(animation))


def basis_of(states: Mapping[str, BoneState], channels: Any, frames: Array) -> Array:
    """Own transforms (F, B, 4, 4) of bones: what is keyed, and else what their channels hold."""
    curves = curves_by_path(channels)
    matrices = []
    for name, state in states.items():
        rotation, location, scale = _keyed(name, state, curves, frames)
        matrix = np.tile(np.eye(4), (len(frames), 1, 1))
        matrix[:, :3, :3] = rotation * scale[:, None, :]
        matrix[:, :3, 3] = location
        matrices.append(matrix)
    return np.stack(matrices, 1)


def curves_by_path(channels: Any) -> Curves:
    """F-curves that count, by data path and index."""
    curves = channels.fcurves if channels is not None else ()
    return {(curve.data_path, curve.array_index): curve for curve in curves if not curve.mute}


def keyed_channels(bone: Any, curves: Curves, frames: Array) -> tuple[Array, Array]:
    """A pose bone's own rotation (F, 3, 3) and location (F, 3) at frames (F,)."""
    return _keyed(bone.name, state_of(bone), curves, frames)[:2]


def _keyed(
    name: str, state: BoneState, curves: Curves, frames: Array
) -> tuple[Array, Array, Array]:
    """Rotation (F, 3, 3), location (F, 3) and scale (F, 3)."""

    def values(channel: str, present: Array) -> Array:
        columns = [
            sampled(curve, frames)
            if (curve := curves.get((bone_path(name, channel), index))) is not None
            else np.full(len(frames), value)
            for index, value in enumerate(present)
        ]
        return np.stack(columns, 1)

    rotation = values(rotation_channel(state.mode), state.rotation)
    return (
        rotation_matrices(rotation, state.mode),
        values("location", state.location),
        values("scale", state.scale),
    )
