# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera that sees what the photo's camera saw, with the photo behind everything."""

from __future__ import annotations

from math import pi
from typing import Any, Final

import bpy
import numpy.typing as npt

from ..estimate import Photo

SENSOR_MM: Final = 36.0  # along the longer side


def build_camera(
    name: str,
    photo: Photo,
    image: bpy.types.Image,
    location: npt.NDArray[Any],
    scene: bpy.types.Scene,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """An upright camera object at location (3,); call after the render size is what it shall be."""
    camera = bpy.data.cameras.new(name)
    _set_lens(camera, photo, scene.render)
    _show_photo(camera, image)
    camera_object = bpy.data.objects.new(name, camera)
    camera_object.location = location.tolist()
    camera_object.rotation_euler = (pi / 2, 0.0, 0.0)
    collection.objects.link(camera_object)
    return camera_object


def scale_camera(camera_object: bpy.types.Object, scale: float) -> None:
    """See the same of a scene in which all is larger by a factor."""
    camera: Any = camera_object.data
    camera_object.location *= scale
    camera.clip_start *= scale
    camera.clip_end *= scale
    camera.display_size *= scale


def _set_lens(camera: bpy.types.Camera, photo: Photo, render: bpy.types.RenderSettings) -> None:
    """Focal length and shift in terms of the side by which the photo fills the frame.

    In a frame of another shape the photo is fitted inside, touching two opposite edges: the lens
    must be measured along that side, or photo and people come apart when photos share a scene.
    """
    longer = max(photo.width, photo.height)
    camera.sensor_width = SENSOR_MM * photo.width / longer
    camera.sensor_height = SENSOR_MM * photo.height / longer
    camera.lens = SENSOR_MM * photo.focal_px / longer
    frame_is_wider = render.resolution_x * photo.height >= render.resolution_y * photo.width
    camera.sensor_fit = "VERTICAL" if frame_is_wider else "HORIZONTAL"
    side = photo.height if frame_is_wider else photo.width
    camera.shift_x = (photo.width / 2 - photo.center_px[0]) / side
    camera.shift_y = (photo.center_px[1] - photo.height / 2) / side


def _show_photo(camera: bpy.types.Camera, image: bpy.types.Image) -> None:
    camera.show_background_images = True
    background = camera.background_images.new()
    background.image = image
    background.frame_method = "FIT"
    background.display_depth = "BACK"
    background.alpha = 1.0


def set_render_size(scene: bpy.types.Scene, photo: Photo) -> None:
    """Render exactly the photo's pixels."""
    scene.render.resolution_x = photo.width
    scene.render.resolution_y = photo.height
    scene.render.resolution_percentage = 100
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
