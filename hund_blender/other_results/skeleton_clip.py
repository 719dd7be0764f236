# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion of a skeleton onto our body, by the same way as onto rigs that artists have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.data import Track
from ..retarget.description import RigDescription
from ..retarget.presets import Preset, built_in_presets
from ..retarget.rest import RestSkeleton, rest_skeleton
from ..retarget.transfer import Pose
from ..rotations import matrices_from_quaternions, quaternions_from_matrices
from .posed_body import posed_track

Array = npt.NDArray[Any]

NO_LINE: Final = 1e-6
STUB: Final = np.array([0.0, 1e-3, 0.0])


def preset_named(name: str) -> Preset:
    """One of the add-on's own bone maps."""
    return next(preset for preset in built_in_presets() if preset.name == name)


def skeleton_at_rest(
    names: tuple[str, ...],
    parents: tuple[int, ...],
    heads: Array,
    ends: Sequence[Array | None],
) -> RigDescription:
    """A skeleton of J joints, parents before children, that all have the axes of its world at rest.

    heads (J, 3) are where joints are; a joint's bone goes to amid its children, or to its end: a
    place (3,) away from it, None where not known.
    """
    tails = np.stack([heads[joint] + _line(parents, heads, joint, end)
                      for joint, end in enumerate(ends)])  # fmt: skip
    frames = np.tile(np.eye(3), (len(names), 1, 1))
    return _rig(names, parents, heads, tails, frames)


def _line(parents: Sequence[int], heads: Array, joint: int, end: Array | None) -> Array:
    """From a joint to the end of its bone (3,)."""
    children = [child for child, parent in enumerate(parents) if parent == joint]
    line = heads[children].mean(0) - heads[joint] if children else end
    return line if line is not None and np.linalg.norm(line) > NO_LINE else STUB


def body_skeleton(body: Body, phenotypes: Mapping[str, float]) -> RestSkeleton:
    """Our own body, phenotypes by name and 0…1, as what motions are transferred to."""
    rest = body.rest(phenotypes).standing()
    rig = _rig(body.bone_names, body.bone_parents, rest.heads, rest.tails, rest.rotations)
    return rest_skeleton(rig, preset_named("MakeHuman").bones)


def skeleton_track(
    body: Body,
    phenotypes: Mapping[str, float],
    number: int,
    frames: Array,
    pose: Pose,
    hips: Array,
    cam_from_world: Array,
) -> Track:
    """The track of a person who takes that pose of body_skeleton.

    frames (F,) are numbers from 1, hips (F, 3) are where the middle between the hip joints comes,
    metres in the body axes, which are those of our armature; cam_from_world (3, 3) turns them into
    the camera frame. Nothing is raised.
    """
    target = pose.rest
    turns = {
        target.rig.names[bone]: quaternions_from_matrices(target.axes @ of_bone @ target.axes.T)
        for slot, of_slot in pose.turns.items()
        for bone, of_bone in zip(target.bones[slot], of_slot.swapaxes(0, 1), strict=True)
    }
    turn = matrices_from_quaternions(turns[body.bone_names[0]])
    from_hips = target.rig.heads[0] - target.axes @ target.hips
    return posed_track(
        body,
        phenotypes,
        number,
        frames,
        turns,
        hips @ target.axes.T + turn @ from_hips,
        cam_from_world,
        np.zeros((len(frames), len(body.facial_action_names))),
    )


def _rig(
    names: tuple[str, ...], parents: tuple[int, ...], heads: Array, tails: Array, frames: Array
) -> RigDescription:
    every = np.ones(len(names), bool)
    up = np.array([0.0, 0.0, 1.0])
    return RigDescription(names, parents, heads, tails, frames, every, ~every, every, up)
