# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip's camera, with the clip running behind everything, frame by frame with the people."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ..axes import CAMERA_FROM_CAM
from ..clip.conversion import World
from ..clip.data import Clip
from ..clip.motion import SAME_RATE
from ..clip.sources import Source
from ..compat import channels_of
from ..estimate import Photo
from ..rotations import quaternions_from_matrices
from .camera import build_camera, frame_of, scale_camera, show_behind

OFFSET: Final = "background_images[0].image_user.frame_offset"


def photo_of(clip: Clip) -> Photo:
    """The clip's camera as that of a photo."""
    return Photo(clip.width, clip.height, clip.focal_px, "given", clip.center_px)


def add_clip_camera(
    scene: bpy.types.Scene,
    collection: bpy.types.Collection,
    name: str,
    clip: Clip,
    world: World,
    scale: float,
) -> bpy.types.Object:
    """A camera that stands where the clip's did; it shows nothing behind the people yet."""
    camera = build_camera(name, photo_of(clip), None, world.location, frame_of(scene), collection)
    scale_camera(camera, scale)
    stand_camera(camera, world, scale)
    return camera


def stand_camera(camera: bpy.types.Object, world: World, scale: float) -> None:
    """Put a camera where the clip's stood."""
    camera.location = (scale * world.location).tolist()
    camera.rotation_mode = "QUATERNION"
    turn = quaternions_from_matrices(world.rotation @ CAMERA_FROM_CAM.T)
    camera.rotation_quaternion = turn.tolist()


def run_behind(
    camera: bpy.types.Object, source: Source, clip: Clip, start: int, last: int, fps: float
) -> bool:
    """The clip behind the people, from the scene's frame `start` to `last`; False if it cannot be.

    Blender counts through the pictures of a clip, one for each of the scene's frames. Where the
    scene has another rate, keys make it count faster or slower.
    """
    image = _loaded(source.path)
    if image is None:
        return False
    if source.images is not None:
        image.source = "SEQUENCE"
    data: Any = camera.data
    data.background_images.clear()
    user = show_behind(data, image).image_user
    user.use_auto_refresh, user.frame_start = True, start
    user.frame_duration = max(last - start + 1, 1)
    user.frame_offset = clip.first - 1
    per_frame = clip.step * clip.fps / fps
    if abs(per_frame - 1.0) > SAME_RATE:
        _count_by(data, user, per_frame, start, last)
    return True


def _count_by(data: Any, user: Any, per_frame: float, start: int, last: int) -> None:
    first = user.frame_offset
    for frame in (start, last):
        user.frame_offset = first + round((frame - start) * (per_frame - 1.0))
        data.keyframe_insert(OFFSET, frame=frame)
    for curve in channels_of(data.animation_data.action, "CAMERA").fcurves:
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"


def _loaded(path: Path) -> Any:
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError:
        return None
    size: Any = image.size
    return image if size[0] and size[1] else None
