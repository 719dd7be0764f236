# SPDX-License-Identifier: GPL-3.0-or-later
"""Where somebody is in a picture, as looks at them tell it, and the line around that."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray
from model_server.crops import Crop, apply_affine, crop_from_image, paste_mask
from model_server.squares import warped

_SURE: Final = 0.5
_SMOOTH_PX: Final = 1.5  # of the mask
_SHORTEST_PX: Final = 24  # lines around less are specks
_AROUND: Final = 2  # neighbours on both sides that smooth the line
_TANGENT: Final = 3  # neighbours on both sides that tell its direction
_STEP_PX: Final = 2.5  # to both sides of the line, to see where the inside is
_POINTS: Final = 120
_BORDER: Final = 0.01  # of the crop's side: what is nearer to the picture's border is cut by it


@dataclass(frozen=True)
class Mask:
    """Where somebody is in what was looked at."""

    shares: FloatArray  # (S, S) 0…1
    crop: Crop | None = None  # what that is of the picture; None is all of it

    def pasted(self, shape: tuple[int, int]) -> FloatArray:
        """The mask (H, W) of the whole picture, which has this shape."""
        return self.shares if self.crop is None else paste_mask(self.shares, self.crop, shape)

    def shown_in(self, square: Crop, size: int) -> FloatArray:
        """What the mask of a crop shows of an upright square of the picture: (size, size) 0…1."""
        assert self.crop is not None
        corners = np.array([[0, 0], [1, 0], [0, 1]], np.float32) * np.float32(square.side)
        origin, right, below = apply_affine(
            crop_from_image(self.crop), corners + np.array([square.left, square.top], np.float32)
        )
        place = np.column_stack([right - origin, below - origin, origin])
        return np.clip(warped(self.shares, place, size, cv2.INTER_LINEAR), 0, 1)


def together(masks: Sequence[Mask], square: Crop) -> Mask | None:
    """The mean of masks of crops in an upright square; nothing of none."""
    if not masks:
        return None
    shown = np.mean([mask.shown_in(square, square.size) for mask in masks], axis=0)
    return Mask(shown.astype(np.float32), square)


@dataclass(frozen=True)
class Contour:
    """Points on the line around somebody, where it is theirs and not the picture's border."""

    px: FloatArray  # (N, 2) pixels of the picture
    outward: FloatArray  # (N, 2) unit, away from the person

    def scaled(self, factor: float) -> "Contour":
        """The same in a picture `factor` times as large."""
        return Contour(self.px * np.float32(factor), self.outward)


def contour_of(mask: Mask, shape: tuple[int, int]) -> Contour:
    """The line around the mask of an upright crop of a picture of `shape` (H, W)."""
    assert mask.crop is not None
    crop = mask.crop
    shares = np.asarray(cv2.GaussianBlur(mask.shares, (0, 0), _SMOOTH_PX), np.float32)
    inside = (shares > _SURE).astype(np.uint8)
    lines, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    long = [_smoothed(line[:, 0]) for line in lines if len(line) >= _SHORTEST_PX]
    if not long:
        return Contour(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))
    points = np.concatenate(long)
    across = np.concatenate([_across(line) for line in long])
    steps = _STEP_PX * across
    leaving = _at(shares, points + steps) < _at(shares, points - steps)
    outward = np.where(leaving[:, None], across, -across)
    px = (points + 0.5) * crop.scale + np.array([crop.left, crop.top])
    size, border = np.array(shape[::-1]), _BORDER * crop.side
    own = ((px > border) & (px < size - border)).all(axis=1)
    own &= ((points > 1) & (points < crop.size - 2)).all(axis=1)
    rows = np.flatnonzero(own)
    rows = rows[np.linspace(0, len(rows), min(len(rows), _POINTS), endpoint=False).astype(np.intp)]
    return Contour(px[rows].astype(np.float32), outward[rows].astype(np.float32))


def _smoothed(line: NDArray[Any]) -> FloatArray:
    """A closed line (N, 2), each point the mean of those around it."""
    shifts = range(-_AROUND, _AROUND + 1)
    return np.mean([np.roll(line, shift, axis=0) for shift in shifts], axis=0).astype(np.float32)


def _across(line: FloatArray) -> FloatArray:
    """Unit vectors (N, 2) at a right angle to a closed line (N, 2)."""
    along = np.roll(line, -_TANGENT, axis=0) - np.roll(line, _TANGENT, axis=0)
    across = np.stack([along[:, 1], -along[:, 0]], axis=1)
    return across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)


def _at(shares: FloatArray, points: FloatArray) -> FloatArray:
    """Values (N,) of a mask (S, S) at points (N, 2), the nearest ones."""
    columns, rows = np.clip(np.round(points).astype(np.intp), 0, len(shares) - 1).T
    return shares[rows, columns]
