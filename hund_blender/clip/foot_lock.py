# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand stay where they stand.

First the root is moved as little as it takes for standing feet to slide less, then every foot goes
as one group, heel and toes together, to where it stands, the root keeps its height over them, and
the legs follow. Everything comes and goes over a moment, so that nothing pops.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .contacts import runs
from .legs import Stance, missing_m, reached, rise_m, stance
from .quaternions import between, continuous, exponential, inverse, logarithm, mean, product, turned
from .root_shift import FLOOR_REACH_M, drawn_up, is_near_floor, root_shift
from .skeleton import Leg, Skeleton
from .smoothing import blurred

Array = npt.NDArray[Any]

SINK_S: Final = 0.15  # hips sink so long before a leg is too short
RISE_S: Final = 0.1  # they rise and fall with standing feet over times like this


@dataclass(frozen=True)
class LockSettings:
    blend_s: float = 0.15  # from free to locked
    keep_place_s: float = 1.0  # the root follows standing feet for about so long
    floor: float = 1.0  # 0…1: how much feet that stand are brought to the height of the ground


def locked(
    skeleton: Skeleton,
    rotations_wxyz: Array,
    root_m: Array,
    down: Array,
    fps: float,
    settings: LockSettings,
) -> tuple[Array, Array]:
    """Rotations (F, R, 4) and root (F, 3) with feet locked where down (F, L, 2) says so."""
    if not down.any():
        return rotations_wxyz, root_m
    stands = stance(skeleton, rotations_wxyz, root_m)
    soles = skeleton.soles(stands.turns_wxyz, stands.heads)
    to_ground = np.array([0.0, 0.0, -ground_m(soles, down)])
    soles, stands = soles + to_ground, stands.moved(to_ground)
    shift = root_shift(soles, down, fps, settings.keep_place_s, settings.floor)
    stands = stands.moved(shift)
    feet = [
        _foot(skeleton, leg, stands, down[:, side], fps, settings)
        for side, leg in enumerate(skeleton.legs)
    ]
    ankles, standing = [places for places, _ in feet], down.any(2)
    rise = _rise(skeleton, stands, ankles, standing, fps)
    stands = stands.moved(rise)
    sink = _sink(skeleton, stands, ankles, standing, fps)
    stands = stands.moved(sink)
    result = np.array(rotations_wxyz)
    for leg, (places, feet_wxyz) in zip(skeleton.legs, feet, strict=True):
        bones = [leg.thigh, leg.shin, leg.foot]
        result[:, bones] = reached(skeleton, leg, stands, places, feet_wxyz)
    return continuous(result), root_m + shift + rise + sink


def ground_m(soles: Array, down: Array) -> float:
    """The height that somebody stands on: 0, or far from it that of a roof, a stage or the like."""
    height = float(np.median(soles[..., 2][down]))
    return 0.0 if abs(height) < FLOOR_REACH_M else height


def _foot(
    skeleton: Skeleton, leg: Leg, stands: Stance, down: Array, fps: float, settings: LockSettings
) -> tuple[Array, Array]:
    """Where the ankle goes (F, 3) and how the foot turns (F, 4); down (F, 2) of heel and toe."""
    blend = max(round(settings.blend_s * fps), 1)
    ankles = stands.heads[:, leg.foot]
    turns = _flattened(leg, stands.turns_wxyz[:, leg.foot], down.all(1), blend, settings.floor)
    from_ankle = np.stack([leg.heel, leg.toe]) - skeleton.heads[leg.foot]
    points = ankles[:, None] + turned(turns[:, None], from_ankle)
    moves = np.zeros_like(ankles)
    standing = down.any(1)
    for run in runs(standing):
        moves[run] = _anchored(points[run], down[run], settings.floor)
    moves = _blended(moves, standing, blend)
    moves[:, 2] += settings.floor * _raise_m((points[..., 2] + moves[:, None, 2]).min(1))
    return ankles + moves, turns


def _raise_m(heights: Array) -> Array:
    """How far up (F,) what is in the ground a little goes; what is far below is elsewhere."""
    share = np.clip(2.0 + 2.0 * heights / FLOOR_REACH_M, 0.0, 1.0)
    raised: Array = -np.minimum(heights, 0.0) * share
    return raised


def _flattened(leg: Leg, turns: Array, flat: Array, blend: int, floor: float) -> Array:
    """Turns (F, 4) of a foot that keeps its turn, and lies level, as long as it is flat."""
    corrections = np.zeros((len(turns), 3))
    for run in runs(flat):
        amid = mean(turns[run])
        sole = turned(amid, leg.toe - leg.heel)
        level = between(sole, sole * np.array([1.0, 1.0, 1.0 - floor]))
        corrections[run] = logarithm(product(product(level, amid), inverse(turns[run])))
    return product(exponential(_blended(corrections, flat, blend)), turns)


def _anchored(points: Array, down: Array, floor: float) -> Array:
    """Moves (F, 3) of a foot in one stance that keep the points (F, 2, 3) where they come down.

    While one alone is down the foot turns about it; the other is anchored where it comes down.
    """
    moves = np.zeros((len(points), 3))
    anchors: dict[int, Array] = {}
    for stretch in _same(down):
        start, touching = stretch.start, np.flatnonzero(down[stretch.start])
        anchors = {point: anchor for point, anchor in anchors.items() if point in touching}
        move = np.zeros(3)
        for point, anchor in anchors.items():
            move += (anchor - points[start, point]) / len(anchors)
        for point in set(touching) - set(anchors):
            place = points[start, point] + move
            pulled = floor if is_near_floor(place[2]) else 0.0
            anchors[point] = place * np.array([1.0, 1.0, 1.0 - pulled])
        moves[stretch] = np.mean([anchors[p] - points[stretch, p] for p in touching], axis=0)
    moves[:, :2] -= np.median(moves[:, :2], axis=0)
    return moves


def _same(down: Array) -> list[slice]:
    """Stretches during which the same points are down (F, 2)."""
    changes = np.flatnonzero((down[1:] != down[:-1]).any(1)) + 1
    edges = [0, *changes.tolist(), len(down)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _blended(values: Array, fixed: Array, blend: int) -> Array:
    """Values (F, D) that fade to 0 within so many frames of where they are fixed (F,)."""
    result = values.copy()
    for gap in runs(~fixed):
        length = gap.stop - gap.start
        steps = np.arange(1, length + 1)[:, None] / (min(blend, length) + 1)
        result[gap] = 0.0
        if gap.start > 0:
            result[gap] += _eased(1.0 - steps) * values[gap.start - 1]
        if gap.stop < len(values):
            result[gap] += _eased(1.0 - steps[::-1]) * values[gap.stop]
    return result


def _eased(share: Array) -> Array:
    inside = np.clip(share, 0.0, 1.0)
    eased: Array = inside**2 * (3.0 - 2.0 * inside)
    return eased


def _rise(
    skeleton: Skeleton, stands: Stance, ankles: list[Array], standing: Array, fps: float
) -> Array:
    """How far the root goes up (F, 3) so that knees stay as bent as they were: a centimetre that a
    leg is made shorter brings a straight knee forward by six.
    """
    rises, trust = np.zeros(standing.shape), np.zeros(standing.shape)
    for side, leg in enumerate(skeleton.legs):
        rise = rise_m(leg, stands, ankles[side])
        trust[:, side] = standing[:, side] & np.isfinite(rise)
        rises[:, side] = np.nan_to_num(rise)
    pull = trust.max(1) / (RISE_S * fps) ** 2
    wanted = (trust * rises).sum(1) / np.maximum(trust.sum(1), 1.0)
    return np.pad(drawn_up(pull, wanted, fps), ((0, 0), (2, 0)))


def _sink(
    skeleton: Skeleton, stands: Stance, ankles: list[Array], standing: Array, fps: float
) -> Array:
    """How far the root goes down (F, 3) so that standing feet are in reach."""
    needed = np.zeros(len(standing))
    for side, leg in enumerate(skeleton.legs):
        missing = missing_m(leg, stands, ankles[side])
        needed = np.maximum(needed, np.where(standing[:, side], missing, 0.0))
    reach = max(round(SINK_S * fps), 1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(needed, reach), 2 * reach + 1)
    sink = np.zeros((len(standing), 3))
    sink[:, 2] = -blurred(around.max(-1)[:, None], reach / 3.0, "mirror")[:, 0]
    return sink
