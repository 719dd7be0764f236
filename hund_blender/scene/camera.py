# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera that sees what the photo's camera saw, with the photo behind everything."""

from __future__ import annotations

from math import pi
from typing import Any, Final

import bpy
import numpy.typing as npt

from ..estimate import Photo

SENSOR_MM: Final = 36.0  # along the longer side
OURS: Final = "hund_photo"  # on camera objects that imports make

Frame = tuple[int, int]  # width and height


def build_camera(
    name: str,
    photo: Photo,
    image: bpy.types.Image | None,
    location: npt.NDArray[Any],
    frame: Frame,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """An upright camera object at location (3,) for renders of this width and height."""
    camera = bpy.data.cameras.new(name)
    _set_lens(camera, photo, frame)
    if image is not None:
        show_behind(camera, image)
    camera_object = bpy.data.objects.new(name, camera)
    camera_object.location = location.tolist()
    camera_object.rotation_euler = (pi / 2, 0.0, 0.0)
    camera_object[OURS] = True
    collection.objects.link(camera_object)
    return camera_object


def is_photo_camera(camera_object: Any) -> bool:
    """Whether an import made it, whose photo has been looked at already."""
    return OURS in camera_object


def scale_camera(camera_object: bpy.types.Object, scale: float) -> None:
    """See the same of a scene in which all is larger by a factor."""
    camera: Any = camera_object.data
    camera_object.location *= scale
    camera.clip_start *= scale
    camera.clip_end *= scale
    camera.display_size *= scale


def _set_lens(camera: bpy.types.Camera, photo: Photo, frame: Frame) -> None:
    """Focal length and shift in terms of the side by which the photo fills the frame.

    In a frame of another shape the photo is fitted inside, touching two opposite edges: the lens
    must be measured along that side, or photo and people come apart when photos share a scene.
    """
    longer = max(photo.width, photo.height)
    camera.sensor_width = SENSOR_MM * photo.width / longer
    camera.sensor_height = SENSOR_MM * photo.height / longer
    camera.lens = SENSOR_MM * photo.focal_px / longer
    frame_is_wider = frame[0] * photo.height >= frame[1] * photo.width
    camera.sensor_fit = "VERTICAL" if frame_is_wider else "HORIZONTAL"
    side = photo.height if frame_is_wider else photo.width
    camera.shift_x = (photo.width / 2 - photo.center_px[0]) / side
    camera.shift_y = (photo.center_px[1] - photo.height / 2) / side


def show_behind(camera: bpy.types.Camera, image: bpy.types.Image) -> Any:
    """The image behind everything that the camera sees; its settings."""
    camera.show_background_images = True
    background = camera.background_images.new()
    background.image = image
    background.frame_method = "FIT"
    background.display_depth = "BACK"
    background.alpha = 1.0
    return background


def frame_of(scene: Any) -> Frame:
    """What the scene renders at present."""
    return scene.render.resolution_x, scene.render.resolution_y


def set_render_size(scene: bpy.types.Scene, photo: Photo) -> None:
    """Render exactly the photo's pixels."""
    scene.render.resolution_x = photo.width
    scene.render.resolution_y = photo.height
    scene.render.resolution_percentage = 100
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
