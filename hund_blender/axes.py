# SPDX-License-Identifier: GPL-3.0-or-later
"""Camera frame (x right, y down, z forward) to Blender (z up) and back, known to this file only."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# An upright camera looks along +Y, so who faces it looks along -Y, as Blender's front view expects.
BLENDER_FROM_CAM: Final[Array] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def blender_from_cam(points_cam: Array, location: Array) -> Array:
    """Points (..., 3) in the frame of an upright camera at location (3,) to Blender's world."""
    moved: Array = points_cam @ BLENDER_FROM_CAM.T + location
    return moved


def cam_from_blender(points: Array, location: Array) -> Array:
    """Inverse of blender_from_cam."""
    moved: Array = (points - location) @ BLENDER_FROM_CAM
    return moved


def height_above(points_cam: Array) -> Array:
    """Heights (...,) of points (..., 3) in the camera frame over the camera."""
    heights: Array = -points_cam[..., 1]
    return heights
