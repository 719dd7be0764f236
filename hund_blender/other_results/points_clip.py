# SPDX-License-Identifier: GPL-3.0-or-later
"""People whose points are known as a clip of our body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body, RestBody
from ..clip.data import Clip, Track
from ..rotations import quaternions_from_matrices
from .mhr_points import SIDES
from .points import Given, Named, Posing, both, posed_from_points, trunk
from .posed_body import clip_of_tracks, posed_track
from .smpl_clip import frame_rate

Array = npt.NDArray[Any]

SHORT_M: Final = 0.01  # no trunk is so short
CHUNK: Final = 500  # frames at once, which keeps memory flat


@dataclass(frozen=True, eq=False)
class PointMotion:
    """F frames of one person."""

    frames: Array  # (F,) int, ascending
    points_cam: Array  # (F, 70, 3) camera frame, metres, in the order of NAMES; NaN where unknown
    fps: float | None  # None where the file does not tell

    def in_camera(self, cam_from_world: Array) -> PointMotion:
        """The same where points were told in a world whose axes (3, 3) turn into the camera's."""
        return replace(self, points_cam=self.points_cam @ cam_from_world.T)

    def with_body(self) -> PointMotion:
        """Only the frames that tell where hips and neck are."""
        # Results of a hand alone have all other points in one place.
        seen = np.linalg.norm(trunk(Given(self.points_cam)), axis=1) > SHORT_M
        return replace(self, frames=self.frames[seen], points_cam=self.points_cam[seen])


def clip_of_points(
    body: Body,
    phenotypes: Mapping[str, float],
    motions: Sequence[PointMotion],
    fps: float | None,
    source: str,
) -> Clip:
    """All people, in one shape (phenotypes by name, 0…1); fps goes before what the file tells.

    Everybody stays where they stand, and is made as large there as their new legs are long.
    Nothing is raised.
    """
    rest = body.rest(phenotypes).standing()
    tracks = [
        _track(body, phenotypes, rest, number, motion) for number, motion in enumerate(motions)
    ]
    rate = frame_rate(fps, (motion.fps for motion in motions))
    return clip_of_tracks(body, tracks, rate, source)


def _track(
    body: Body, phenotypes: Mapping[str, float], rest: RestBody, number: int, motion: PointMotion
) -> Track:
    given = Given(motion.points_cam)
    size = _size(body, rest, given)
    ankles = np.stack([given[f"{side}_ankle"] for side in SIDES], 1)
    spot = spot_under(ankles, both(given, "hip"))
    turns, roots = [], []
    for start in range(0, len(motion.frames), CHUNK):
        points = motion.points_cam[start : start + CHUNK]
        posing = posed_from_points(body, rest, points)
        hips = spot + size * (both(Given(points), "hip") - spot)
        turns.append(quaternions_from_matrices(posing.turns))
        roots.append(hips + posing.heads[:, 0] - both(posing, "hip"))
    joined = np.concatenate(turns)
    return posed_track(
        body,
        phenotypes,
        number,
        motion.frames + 1,
        {name: joined[:, bone] for bone, name in enumerate(body.bone_names)},
        np.concatenate(roots),
        np.eye(3),
        np.zeros((len(joined), len(body.facial_action_names))),
    )


def _size(body: Body, rest: RestBody, given: Given) -> float:
    """How much longer our legs are."""
    theirs = _legs_m(given)
    known = theirs[np.isfinite(theirs)]
    if not len(known) or not np.median(known) > 0:
        return 1.0
    return float(_legs_m(Posing(body, rest, 1)).mean() / np.median(known))


def _legs_m(points: Named) -> Array:
    """How long both legs are from hip to ankle, (2 F,)."""
    return np.concatenate(
        [
            np.linalg.norm(points[f"{side}_knee"] - points[f"{side}_hip"], axis=1)
            + np.linalg.norm(points[f"{side}_ankle"] - points[f"{side}_knee"], axis=1)
            for side in SIDES
        ]
    )


def spot_under(ankles: Array, hips: Array) -> Array:
    """The point (3,) that ankles (F, 2, 3) are on most of the time, or that hips (F, 3) hang over
    where those are unknown (NaN): camera frame.
    """
    lower = ankles[
        np.arange(len(ankles)), np.where(np.isnan(ankles), -np.inf, ankles)[..., 1].argmax(1)
    ]
    known = lower[np.isfinite(lower).all(1)]
    spot: Array = np.median(known if len(known) else hips, axis=0)
    return spot
