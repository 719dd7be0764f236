# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion of a BVH file, whatever its bones are called, as a clip of our body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..bones import drawn_bones
from ..clip.data import Clip
from ..errors import ClipError, MapError
from ..retarget.description import RigDescription
from ..retarget.mapping import SOURCE, automatic_map
from ..retarget.posed import PosedSkeleton, posed_skeleton
from ..retarget.presets import built_in_presets
from ..retarget.rest import RestSkeleton, rest_skeleton
from ..retarget.transfer import transfer
from ..rigs import MAKEHUMAN, rig_of
from ..rotations import matrices_from_quaternions, quaternions_from_matrices
from .bvh import Bvh
from .posed_body import clip_of_tracks, posed_track
from .smpl_motion import CAM_FROM_WORLD, Z_UP

Array = npt.NDArray[Any]

Y_AXIS: Final = np.array([0.0, 1.0, 0.0])


def posed_bvh(bvh: Bvh) -> PosedSkeleton:
    """The motion by parts of the body; ClipError where nobody is recognised in the names."""
    rig = _description(bvh)
    try:
        found = automatic_map(rig, built_in_presets(), SOURCE).preset
        rest = rest_skeleton(rig, found.bones)
        return posed_skeleton(rest, _world(bvh.parents, bvh.local))
    except MapError as error:
        raise ClipError(
            f"No human was recognised in the joints {', '.join(bvh.names[:12])} …",
            "Import the file with Blender's own BVH import and choose its bones under My Rig.",
        ) from error


def clip_of_bvh(
    body: Body,
    phenotypes: Mapping[str, float],
    source: PosedSkeleton,
    fps: float,
    name: str,
) -> Clip:
    """One person, in any shape; lengths are made those of the shape."""
    target = _body_skeleton(body, phenotypes)
    pose = transfer(source, target)
    turns = {
        target.rig.names[bone]: quaternions_from_matrices(target.axes @ of_bone @ target.axes.T)
        for slot, of_slot in pose.turns.items()
        for bone, of_bone in zip(target.bones[slot], of_slot.swapaxes(0, 1), strict=True)
    }
    root = body.bone_names[0]
    turn = matrices_from_quaternions(turns[root])
    from_hips = target.rig.heads[0] - target.axes @ target.hips
    root_m = pose.hips @ target.axes.T + turn @ from_hips
    count = len(root_m)
    track = posed_track(
        body,
        phenotypes,
        0,
        np.arange(1, count + 1),
        turns,
        root_m,
        CAM_FROM_WORLD[Z_UP],
        np.zeros((count, len(body.facial_action_names))),
    )
    return clip_of_tracks(body, [track], fps, name)


def _body_skeleton(body: Body, phenotypes: Mapping[str, float]) -> RestSkeleton:
    drawn = drawn_bones(rig_of(MAKEHUMAN, body), body.rest(phenotypes).standing())
    rig = _rig(drawn.names, drawn.parents, drawn.heads, drawn.tails, drawn.frames[:, :3, :3])
    preset = next(preset for preset in built_in_presets() if preset.name == "MakeHuman")
    return rest_skeleton(rig, preset.bones)


def _description(bvh: Bvh) -> RigDescription:
    """The file's skeleton at rest; its joints all have the axes of the file then."""
    rest = np.tile(np.eye(4), (1, len(bvh.names), 1, 1))
    rest[0, :, :3, 3] = bvh.offsets
    heads = _world(bvh.parents, rest)[0, :, :3, 3]
    tails = np.stack([heads[joint] + _line(bvh, joint) for joint in range(len(heads))])
    frames = np.tile(np.eye(3), (len(heads), 1, 1))
    return _rig(bvh.names, bvh.parents, heads, tails, frames)


def _line(bvh: Bvh, joint: int) -> Array:
    """From a joint to the end of its bone (3,): its End Site, or amid its children."""
    end = bvh.ends[joint]
    children = [child for child, parent in enumerate(bvh.parents) if parent == joint]
    line = bvh.offsets[children].mean(0) if children else end
    is_long = line is not None and np.linalg.norm(line) > 1e-6
    return line if line is not None and is_long else Y_AXIS * 1e-3


def _rig(
    names: tuple[str, ...], parents: tuple[int, ...], heads: Array, tails: Array, frames: Array
) -> RigDescription:
    every = np.ones(len(names), bool)
    up = np.array([0.0, 0.0, 1.0])
    return RigDescription(names, parents, heads, tails, frames, every, ~every, every, up)


def _world(parents: tuple[int, ...], local: Array) -> Array:
    """Transforms (F, J, 4, 4) to the file's world of those to parents."""
    world = np.empty_like(local)
    for joint, parent in enumerate(parents):
        world[:, joint] = local[:, joint] if parent < 0 else world[:, parent] @ local[:, joint]
    return world
