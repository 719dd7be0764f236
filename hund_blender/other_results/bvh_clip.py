# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion of a BVH file, whatever its bones are called, as a clip of our body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..body import Body
from ..clip.data import Clip
from ..errors import ClipError, MapError
from ..retarget.description import RigDescription
from ..retarget.mapping import SOURCE, automatic_map
from ..retarget.posed import PosedSkeleton, posed_skeleton
from ..retarget.presets import built_in_presets
from ..retarget.rest import rest_skeleton
from ..retarget.transfer import transfer
from .bvh import Bvh
from .posed_body import clip_of_tracks
from .skeleton_clip import body_skeleton, skeleton_at_rest, skeleton_track
from .smpl_motion import CAM_FROM_WORLD, Z_UP

Array = npt.NDArray[Any]


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
    pose = transfer(source, body_skeleton(body, phenotypes))
    frames = np.arange(1, source.frames + 1)
    track = skeleton_track(body, phenotypes, 0, frames, pose, pose.hips, CAM_FROM_WORLD[Z_UP])
    return clip_of_tracks(body, [track], fps, name)


def _description(bvh: Bvh) -> RigDescription:
    """The file's skeleton at rest."""
    rest = np.tile(np.eye(4), (1, len(bvh.names), 1, 1))
    rest[0, :, :3, 3] = bvh.offsets
    heads = _world(bvh.parents, rest)[0, :, :3, 3]
    return skeleton_at_rest(bvh.names, bvh.parents, heads, bvh.ends)


def _world(parents: tuple[int, ...], local: Array) -> Array:
    """Transforms (F, J, 4, 4) to the file's world of those to parents."""
    world = np.empty_like(local)
    for joint, parent in enumerate(parents):
        world[:, joint] = local[:, joint] if parent < 0 else world[:, parent] @ local[:, joint]
    return world
