# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera frame (x right, y down, z forward) to Blender (z up) and back, known to this file only."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# An upright camera looks along +Y, so who faces it looks along -Y, as Blender's front view expects.
BLENDER_FROM_CAM: Final[Array] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


# Blender's cameras look along their own -Z, with Y up.
CAMERA_FROM_CAM: Final[Array] = np.diag([1.0, -1.0, -1.0])


STEEP: Final = 0.999  # cosine between the view and the vertical


def blender_from_cam(points_cam: Array, location: Array) -> Array:
    """Points (..., 3) in the frame of an upright camera at location (3,) to Blender's world."""
    moved: Array = points_cam @ BLENDER_FROM_CAM.T + location
    return moved


def cam_from_blender(points: Array, location: Array) -> Array:
    """Inverse of blender_from_cam."""
    moved: Array = (points - location) @ BLENDER_FROM_CAM
    return moved


def world_from_cam(gravity_cam: Array) -> Array:
    """The rotation (3, 3) from the frame of a tilted camera, by the direction (3,) of down in it.

    Where the camera looks, seen from above, is +Y. It is BLENDER_FROM_CAM for an upright camera.
    """
    up = -gravity_cam / np.linalg.norm(gravity_cam)
    ahead = np.array([0.0, 0.0, 1.0])
    if abs(up[2]) > STEEP:  # straight down or up: what is on top of the picture is ahead
        ahead = np.array([0.0, -1.0, 0.0])
    forward = ahead - (ahead @ up) * up
    forward /= np.linalg.norm(forward)
    return np.stack([np.cross(forward, up), forward, up])


def height_above(points_cam: Array) -> Array:
    """Heights (...,) of points (..., 3) in the camera frame over the camera."""
    heights: Array = -points_cam[..., 1]
    return heights


def seen_at(px: Array, depth_m: float, focal_px: float, center_px: tuple[float, float]) -> Array:
    """The point (3,) in the axes of Blender's camera object that a photo shows at px (2,)."""
    across_m = (px - np.array(center_px)) * depth_m / focal_px
    point: Array = np.array([*across_m, depth_m]) @ CAMERA_FROM_CAM
    return point


def seen_px(point: Array, focal_px: float, center_px: tuple[float, float]) -> Array:
    """Inverse of seen_at: pixels (2,)."""
    x, y, z = point @ CAMERA_FROM_CAM
    px: Array = np.array([x, y]) * focal_px / max(z, 1e-6) + np.array(center_px)
    return px
