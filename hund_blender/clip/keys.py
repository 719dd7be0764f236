# SPDX-License-Identifier: GPL-3.0-or-later
"""On which frames a motion is keyed, and with which values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .motion import Motion
from .quaternions import normalised
from .reduction import played, reduced
from .skeleton import Skeleton

Array = npt.NDArray[Any]

EVERY: Final = "EVERY"
EVERY_NTH: Final = "EVERY_NTH"
ADAPTIVE: Final = "ADAPTIVE"
ONLY: Final = "ONLY"

LINEAR: Final = "LINEAR"
BEZIER: Final = "BEZIER"
CONSTANT: Final = "CONSTANT"

FACE_BOUND: Final = 0.01  # of shape keys, for adaptive keys
SHARE: Final = 0.5  # of the distance that hands may be off, as one bone's part in it
TIGHTER: Final = 0.7


@dataclass(frozen=True)
class KeySettings:
    """What the artist can choose."""

    which: str = EVERY
    every: int = 2
    angle_deg: float = 1.0  # adaptive keys: how far any bone may be off
    distance_m: float = 0.005  # and how far hands, feet and head
    only: tuple[int, ...] = ()  # frames of the scene
    interpolation: str = LINEAR
    start: int = 1  # the scene's frame for the clip's first
    spacing: int = 1  # frames of the scene from one frame of the motion to the next

    @classmethod
    def adaptive(cls) -> KeySettings:
        """As few keys as play the same, on curves that can be edited."""
        return cls(ADAPTIVE, interpolation=BEZIER)


@dataclass(frozen=True, eq=False)
class Channel:
    """The keys of a few values that are keyed together."""

    frames: Array  # (K,) of the scene
    values: Array  # (K, C)
    slopes: Array | None  # (K, C) per frame, where handles shall be set by them
    seen: Array  # (K,) bool
    holds: Array  # (K,) bool: nothing is known from here to the next key


@dataclass(frozen=True, eq=False)
class Keys:
    """All channels of one character."""

    interpolation: str
    rotations: tuple[Channel, ...]  # one for every bone, quaternions WXYZ
    root: Channel  # where the root's head stands, in armature space
    facial_actions: tuple[Channel, ...]  # one for each


def keys_of(motion: Motion, skeleton: Skeleton, settings: KeySettings) -> Keys:
    """The keys of a motion that was cleaned up."""
    series = Series.of(motion, cubic=_is_cubic(settings))
    keyed = _keyed(motion, series, skeleton, settings)
    holds = _segment_ends(motion)[1]
    holds[-1:] = False
    frames = settings.start + motion.frames * settings.spacing

    def channels(values: Array, slopes: Array | None, where: Array) -> tuple[Channel, ...]:
        return tuple(
            Channel(
                frames=frames[own],
                values=values[own, number],
                slopes=None if slopes is None else slopes[own, number],
                seen=motion.seen[own],
                holds=holds[own],
            )
            for number, own in enumerate(where.T)
        )

    rotations, root, face = (
        channels(values, slopes, where)
        for values, slopes, where in zip(series.values, series.slopes, keyed, strict=True)
    )
    return Keys(settings.interpolation, rotations, root[0], face)


def _is_cubic(settings: KeySettings) -> bool:
    return settings.which == ADAPTIVE and settings.interpolation == BEZIER


@dataclass(frozen=True, eq=False)
class Series:
    """A motion as what is keyed together: rotations, root and face, each values (F, N, C)."""

    values: tuple[Array, Array, Array]
    slopes: tuple[Array | None, Array | None, Array | None]

    @classmethod
    def of(cls, motion: Motion, *, cubic: bool) -> Series:
        rotations, face = motion.rotations_wxyz, motion.facial_actions[:, :, None]
        values = (rotations, motion.root_m[:, None], face)
        if not cubic:
            return cls(values, (None, None, None))
        turn, root, expression = (_slopes(motion, series) for series in values)
        return cls(values, (turn, root, expression))


def _slopes(motion: Motion, values: Array) -> Array:
    """How values (F, ...) change per frame."""
    slopes = np.zeros_like(values)
    for segment in motion.segments:
        if segment.stop - segment.start > 1:
            slopes[segment] = np.gradient(values[segment], axis=0)
    return slopes


def _keyed(
    motion: Motion, series: Series, skeleton: Skeleton, settings: KeySettings
) -> tuple[Array, Array, Array]:
    """Which frames (F, N) have keys, for the three of a series."""
    rows = _rows(motion, settings)
    keyed = [np.repeat(rows[:, None], values.shape[1], 1) for values in series.values]
    if settings.which == ADAPTIVE and settings.interpolation != CONSTANT:
        return _adaptive(series, keyed, skeleton, settings)
    return keyed[0], keyed[1], keyed[2]


def _adaptive(
    series: Series, needed: list[Array], skeleton: Skeleton, settings: KeySettings
) -> tuple[Array, Array, Array]:
    """Bounds are tightened until hands, feet and head are in place: small errors add up."""
    rotations, root, face = series.values
    bounds = np.minimum(
        np.radians(settings.angle_deg), SHARE * settings.distance_m / skeleton.reaches_m
    )
    root_bound = SHARE * settings.distance_m
    turns, place = needed[0].copy(), needed[1]
    chains = list(range(len(bounds)))
    slopes = series.slopes[0]
    while True:
        turns[:, chains] = reduced(
            rotations[:, chains],
            None if slopes is None else slopes[:, chains],
            _angle,
            bounds[chains],
            needed[0][:, chains],
            turns[:, chains],
        )
        place = reduced(root, series.slopes[1], _distance, np.array([root_bound]), needed[1], place)
        off_m = _off_m(series, skeleton, turns, place)
        wrong = [
            end
            for end, off in zip(skeleton.limb_ends, off_m, strict=True)
            if off > settings.distance_m
        ]
        if not wrong:
            break
        chains = sorted({bone for end in wrong for bone in skeleton.chain(end)})
        bounds[chains] *= TIGHTER
        root_bound *= TIGHTER
    calm = np.full(face.shape[1], FACE_BOUND)
    return turns, place, reduced(face, series.slopes[2], _distance, calm, needed[2])


def _off_m(series: Series, skeleton: Skeleton, turns: Array, place: Array) -> Array:
    """How far hands, feet and head (E,) are off at worst when these keys (F, N) play."""
    wanted, shown = (
        skeleton.placed(skeleton.turns(normalised(rotations)), root[:, 0])[:, skeleton.limb_ends]
        for rotations, root in (
            series.values[:2],
            (
                played(series.values[0], series.slopes[0], turns),
                played(series.values[1], series.slopes[1], place),
            ),
        )
    )
    worst: Array = _distance(shown, wanted).max(0)
    return worst


def _rows(motion: Motion, settings: KeySettings) -> Array:
    """The frames (F,) on which everything is keyed; never none at all."""
    if settings.which == EVERY or (settings.which, settings.interpolation) == (ADAPTIVE, CONSTANT):
        return np.ones(len(motion.frames), bool)
    if settings.which == ONLY:
        rows = np.isin(settings.start + motion.frames * settings.spacing, settings.only)
        rows[0] |= not rows.any()
        return rows
    first, last = _segment_ends(motion)
    if settings.which == ADAPTIVE:
        return first | last
    every: Array = motion.frames % settings.every == motion.frames[0] % settings.every
    return every | first | last


def _segment_ends(motion: Motion) -> tuple[Array, Array]:
    """Masks (F,) of the frames with which a segment begins, and ends."""
    gaps = np.diff(motion.frames) > 1
    return np.concatenate([[True], gaps]), np.concatenate([gaps, [True]])


def _angle(shown: Array, wanted: Array) -> Array:
    """Angles between quaternions that are about the same; Blender normalises what it plays."""
    return 2.0 * _distance(normalised(shown), wanted)


def _distance(shown: Array, wanted: Array) -> Array:
    distance: Array = np.linalg.norm(shown - wanted, axis=-1)
    return distance
