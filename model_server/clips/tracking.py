# SPDX-License-Identifier: GPL-3.0-or-later
"""Who in this frame is who in the frames before: by where they should be, how they hold themselves
and what they wear.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from model_server.arrays import FloatArray, ImageArray
from model_server.clips.colors import colors_of, unlike
from model_server.hypotheses import person_size, sides_swapped
from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.landmarks import PoseLandmarks

_TRUNK: Final = indices(
    POSE_LANDMARKS, ["left_shoulder", "right_shoulder", "left_hip", "right_hip"]
)
_NEAR: Final = 0.35  # cost above which a find is somebody else; in sizes of the person
_LEEWAY: Final = 1.5  # more for every second that somebody has been lost
_FARTHEST: Final = 1.5
_CHANGED_S: Final = 0.3  # how somebody held themselves so long ago says nothing any more
_COLOR_WEIGHT: Final = (0.5, 2.0)  # while they are seen, and after that time
_GROWTH_WEIGHT: Final = 0.3  # of the logarithm of how many times as large
_AGILITY: Final = 0.5  # of a surprise, how much becomes speed
_COLOR_CHANGE: Final = 0.1  # of the difference, taken over with each frame
_TIRING_S: Final = 0.15  # somebody out of sight is expected to slow down so soon
_SWING_S: Final = 0.05  # and limbs so soon
_FASTEST: Final = 6.0  # sizes a second


@dataclass
class Track:
    """One person, followed. Pixels are those of the decoded frames, times are seconds."""

    number: int
    pose: PoseLandmarks  # as last seen
    seen_s: float  # when
    colors: FloatArray  # (2, 3)
    speed: FloatArray  # (2,) of the trunk's middle, pixels a second
    swing: FloatArray  # (33, 2) of each landmark about that middle, likewise
    growth: float = 0.0  # of the logarithm of the size, per second

    @classmethod
    def begun(cls, number: int, pose: PoseLandmarks, seconds: float, image: ImageArray) -> "Track":
        still = np.zeros_like(pose.landmarks_px)
        return cls(number, pose, seconds, colors_of(image, pose), still[0], still)

    def predicted(self, seconds: float) -> PoseLandmarks:
        """As last seen, moved to where they should be now."""
        passed = max(seconds - self.seen_s, 0.0)
        slowed = _TIRING_S * (1 - np.exp(-passed / _TIRING_S))
        swung = _SWING_S * (1 - np.exp(-passed / _SWING_S))
        middle = _middle(self.pose)
        grown = np.float32(np.exp(np.clip(self.growth * slowed, -0.3, 0.3)))
        moved = middle + self.speed * np.float32(slowed)
        held = _held(self.pose) + self.swing * np.float32(swung)
        return replace(self.pose, landmarks_px=held * grown + moved)

    def follow(self, pose: PoseLandmarks, seconds: float, image: ImageArray) -> None:
        """They were seen again."""
        passed = max(seconds - self.seen_s, 1e-3)
        speed = (_middle(pose) - _middle(self.pose)) / np.float32(passed)
        growth = float(np.log(person_size(pose) / person_size(self.pose))) / passed
        limit = _FASTEST * person_size(pose)
        swing = (_held(pose) - _held(self.pose)) / np.float32(passed)
        self.speed = self.speed + np.float32(_AGILITY) * (_limited(speed, limit) - self.speed)
        self.swing = self.swing + np.float32(_AGILITY) * (_limited(swing, limit) - self.swing)
        self.growth += _AGILITY * (growth - self.growth)
        worn = colors_of(image, pose)
        self.colors = self.colors + np.float32(_COLOR_CHANGE) * (worn - self.colors)
        self.pose, self.seen_s = pose, seconds

    def cost(self, find: PoseLandmarks, seconds: float, image: ImageArray) -> float:
        """How unlike them a find is, 0 or more; infinite where it is somebody else."""
        expected, lost_s = self.predicted(seconds), seconds - self.seen_s
        # Looks that take left for right are of the same person.
        held = min(distance(expected, find), distance(expected, sides_swapped(find)))
        away = float(np.linalg.norm(_middle(find) - _middle(expected))) / _mean_size(expected, find)
        apart = np.interp(lost_s, (0, _CHANGED_S), (held, away))
        color_weight = np.interp(lost_s, (0, _CHANGED_S), _COLOR_WEIGHT)
        growth = abs(float(np.log(person_size(find) / person_size(expected))))
        looks = unlike(self.colors, colors_of(image, find))
        cost = float(apart + _GROWTH_WEIGHT * growth + color_weight * looks)
        return cost if cost < self._bound(seconds) else float("inf")

    def _bound(self, seconds: float) -> float:
        return min(_NEAR + _LEEWAY * (seconds - self.seen_s), _FARTHEST)


def distance(a: PoseLandmarks, b: PoseLandmarks) -> float:
    """Between two poses in the picture, in sizes: mean over what both see."""
    weights = a.visibility * b.visibility + 1e-3
    apart = np.linalg.norm(a.landmarks_px - b.landmarks_px, axis=1)
    return float(np.average(apart, weights=weights)) / _mean_size(a, b)


def _mean_size(a: PoseLandmarks, b: PoseLandmarks) -> float:
    return (person_size(a) + person_size(b)) / 2


def assigned(costs: FloatArray) -> dict[int, int]:
    """Columns of a matrix by row, each at most once, the cheapest pairs first; infinite pairs are
    none.
    """
    pairs: dict[int, int] = {}
    taken = costs.copy()
    while taken.size and np.isfinite(taken.min()):
        row, column = (int(i) for i in np.unravel_index(taken.argmin(), taken.shape))
        pairs[row] = column
        taken[row, :] = taken[:, column] = np.inf
    return pairs


def matched(
    tracks: Sequence[Track], finds: Sequence[PoseLandmarks], seconds: float, image: ImageArray
) -> dict[int, int]:
    """Finds by track, as places in the two sequences."""
    costs = np.array(
        [[track.cost(find, seconds, image) for find in finds] for track in tracks], np.float32
    )
    return assigned(costs.reshape(len(tracks), len(finds)))


def _middle(pose: PoseLandmarks) -> FloatArray:
    """(2,) of the trunk, which is guessed where it is hidden, and does not jump as boxes do."""
    return pose.landmarks_px[list(_TRUNK)].mean(axis=0)


def _held(pose: PoseLandmarks) -> FloatArray:
    """(33, 2) about the trunk's middle."""
    return pose.landmarks_px - _middle(pose)


def _limited(speeds: FloatArray, limit: float) -> FloatArray:
    """Speeds (..., 2), none faster than a limit."""
    fast = np.linalg.norm(speeds, axis=-1, keepdims=True) / np.float32(limit)
    return speeds / np.maximum(fast, 1)
