# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera frame (x right, y down, z forward) to Blender (z up) and back: the only place that knows both."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# An upright camera looks along Blender's +Y, so a person who faces it looks along -Y as Blender's front view expects.
BLENDER_FROM_CAM: Final[Array] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def blender_from_cam(points_cam: Array, camera_location: Array) -> Array:
    """Points (..., 3) in the camera frame to Blender's world, the camera standing upright at camera_location (3,)."""
    moved: Array = points_cam @ BLENDER_FROM_CAM.T + camera_location
    return moved


def cam_from_blender(points: Array, camera_location: Array) -> Array:
    """Inverse of blender_from_cam."""
    moved: Array = (points - camera_location) @ BLENDER_FROM_CAM
    return moved


def height_above(points_cam: Array) -> Array:
    """Heights (...,) of points (..., 3) in the camera frame over the camera."""
    heights: Array = -points_cam[..., 1]
    return heights
