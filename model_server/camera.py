# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera that took a photo: focal length in pixels from what is known about it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from model_server.arrays import FloatArray
from model_server.errors import BadRequestError

FocalSource = Literal["exif", "default", "given"]

# Of the longer side: 43 mm on full frame, a normal lens. Phones are wider (0.75), portraits longer
# (2 and more), so this is the middle of what photos have; a wrong guess moves people nearer or
# farther and hardly turns their limbs.
DEFAULT_FOCAL: Final = 1.2
_PLAUSIBLE: Final = (0.2, 30.0)  # of the longer side; outside of it a number is no focal length

_EXIF_FOLDER: Final = 0x8769
_FOCAL_LENGTH: Final = 0x920A
_FOCAL_LENGTH_35MM: Final = 0xA405
_PLANE_X_RESOLUTION: Final = 0xA20E
_PLANE_UNIT: Final = 0xA210
_PIXEL_WIDTH: Final = 0xA002
_UNIT_MM: Final = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_FULL_FRAME_DIAGONAL_MM: Final = math.hypot(36, 24)


@dataclass(frozen=True)
class Camera:
    """A pinhole without distortion; pixels of the upright original photo."""

    focal_px: float
    center_px: tuple[float, float]
    source: FocalSource

    def project(self, points_cam: FloatArray) -> FloatArray:
        """(..., 3) metres, x right, y down, z forward, to pixels (..., 2)."""
        depth_m = np.maximum(points_cam[..., 2:], 1e-3)
        return points_cam[..., :2] / depth_m * self.focal_px + np.array(self.center_px)


@dataclass(frozen=True)
class GivenFocal:
    """What the user says of the lens, in one of two units; pixels win."""

    px: float | None = None
    mm_35: float | None = None  # full-frame equivalent

    def in_px(self, size: tuple[int, int]) -> float | None:
        if self.px is not None:
            return _checked(self.px)
        return None if self.mm_35 is None else _px_of_35mm(_checked(self.mm_35), size)


NO_FOCAL: Final = GivenFocal()


def camera_of(
    width: int, height: int, exif_focal_px: float | None = None, given: GivenFocal = NO_FOCAL
) -> Camera:
    """The best known camera of a photo: told by the user, or by the file, or a normal lens."""
    center = (width / 2, height / 2)
    given_px = given.in_px((width, height))
    if given_px is not None:
        return Camera(given_px, center, "given")
    if exif_focal_px is not None:
        return Camera(exif_focal_px, center, "exif")
    return Camera(DEFAULT_FOCAL * max(width, height), center, "default")


def _checked(focal: float) -> float:
    if not (math.isfinite(focal) and focal > 0):
        raise BadRequestError(
            f"A focal length must be a positive number, not {focal}.",
            "Leave it out to have the server choose.",
        )
    return focal


def exif_focal_px(exif: Any, size: tuple[int, int]) -> float | None:
    """Focal length in pixels of a photo of `size` if its EXIF (Pillow's) tells a plausible one."""
    try:
        tags = exif.get_ifd(_EXIF_FOLDER)
        found = _from_35mm(tags, size) or _from_sensor(tags, size)
    except (ValueError, TypeError, ZeroDivisionError, KeyError, OverflowError):
        return None  # EXIF is written by anybody; what cannot be understood is not used
    low, high = (bound * max(size) for bound in _PLAUSIBLE)
    return found if found is not None and low < found < high else None


def _from_35mm(tags: Mapping[int, Any], size: tuple[int, int]) -> float | None:
    focal_mm = float(tags.get(_FOCAL_LENGTH_35MM, 0))
    return _px_of_35mm(focal_mm, size) if focal_mm > 0 else None


def _px_of_35mm(focal_mm: float, size: tuple[int, int]) -> float:
    """By the full-frame equivalent, which is defined by the diagonal."""
    return focal_mm / _FULL_FRAME_DIAGONAL_MM * math.hypot(*size)


def _from_sensor(tags: Mapping[int, Any], size: tuple[int, int]) -> float | None:
    """By the focal length and the sensor's pixels per unit; the photo may be scaled since."""
    focal_mm = float(tags.get(_FOCAL_LENGTH, 0))
    per_unit = float(tags.get(_PLANE_X_RESOLUTION, 0))
    unit_mm = _UNIT_MM.get(int(tags.get(_PLANE_UNIT, 2)))
    if focal_mm <= 0 or per_unit <= 0 or unit_mm is None:
        return None
    taken_width = int(tags.get(_PIXEL_WIDTH, 0)) or max(size)
    return focal_mm * per_unit / unit_mm * max(size) / taken_width
