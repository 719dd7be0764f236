# SPDX-License-Identifier: GPL-3.0-or-later
"""Limbs bent and swung so that feet or hands are where the source's are, for bodies of any size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .anatomy import BACKWARD, LEFTWARD, UPWARD
from .posed import PosedSkeleton
from .rest import RestSkeleton
from .slots import SIDES, base, side
from .transfer import Pose
from .turns import across, applied, arc, frame, unit

Array = npt.NDArray[Any]

HANDS: Final = "hand"
FEET: Final = "foot"
UPPER: Final = {HANDS: "upper_arm", FEET: "thigh"}
LOWER: Final = {HANDS: "forearm", FEET: "shin"}
STRETCHED: Final = 1 - 1e-6  # of a limb's length, the farthest it reaches
STRAIGHT: Final = 0.002  # of a limb's length: a joint so little out of line tells no plane
LOWERED_MOST: Final = 0.1  # of a leg's length, for feet to reach their places
NEAR_FLOOR: Final = 0.05  # of a leg's length: soles below that keep their places
AIRBORNE: Final = 0.3  # soles above that go where the leg points
ON_TOES: Final = 0.15  # of a foot's length: heels so much above the ball stand on the ball alone


def reach(pose: Pose, source: PosedSkeleton, ends: Iterable[str]) -> Pose:
    """The pose with HANDS, or FEET near the floor, where the source has them, as far as limbs
    reach; for feet the hips come down a little.
    """
    limbs = [
        limb
        for limb in (_limb(end + at) for end in ends for at in SIDES)
        if set(limb) <= pose.turns.keys() and source.has(limb.end)
    ]
    wanted = {limb: wanted_place(pose, source, limb.end) for limb in limbs}
    feet = [limb for limb in limbs if base(limb.end) == FEET]
    lowered = [_missing(pose, limb, wanted[limb]) for limb in feet]
    if lowered:
        pose = replace(pose, hips=pose.hips - np.max(lowered, 0)[:, None] * UPWARD)
    turns = dict(pose.turns)
    for limb in limbs:
        swings = _swings(pose, limb, wanted[limb])
        for name, swing in zip((limb.upper, limb.lower), swings, strict=True):
            turns[name] = swing[:, None] @ turns[name]
    return replace(pose, turns=turns)


class Limb(NamedTuple):
    """The slots of an arm or a leg."""

    upper: str
    lower: str
    end: str


def _limb(end: str) -> Limb:
    return Limb(UPPER[base(end)] + side(end), LOWER[base(end)] + side(end), end)


def _missing(pose: Pose, limb: Limb, wanted: Array) -> Array:
    """How far the hips have to come down for a foot to reach its place (F,)."""
    start, middle, end = (pose.places[slot] for slot in limb)
    length = sum(np.linalg.norm(line, axis=-1) for line in (middle - start, end - middle))
    line = wanted - start
    depth = np.sqrt(np.maximum((STRETCHED * length) ** 2 - line[:, 0] ** 2 - line[:, 1] ** 2, 0))
    return np.asarray(np.clip(-line[:, 2] - depth, 0, LOWERED_MOST * length))


def wanted_place(pose: Pose, source: PosedSkeleton, slot: str) -> Array:
    """Where a wrist or an ankle (F, 3) shall be."""
    if base(slot) == HANDS:
        return pose.taken(source.places[slot])
    share = _on_ball(source, slot)[:, None]
    sole, own_sole = _sole(source.rest, slot, share), _sole(pose.rest, slot, share)
    turns = pose.turns[slot][:, -1]
    stands_at = source.places[slot] + applied(source.turn(slot), sole)
    # Longer feet reach farther forward, feet below wider hips stand farther out; while a foot
    # stands it does not turn, and neither moves.
    longer = across(own_sole - pose.scale * sole, UPWARD) + _wider(pose, source, slot)
    level = frame(across(applied(turns, BACKWARD), UPWARD), UPWARD)
    wanted: Array = pose.taken(stands_at) + applied(level, longer) - applied(turns, own_sole)
    near = _nearness((stands_at[:, 2] - source.floor) / max(source.rest.legs, 1e-9))
    return np.asarray(pose.places[slot] + near[:, None] * (wanted - pose.places[slot]))


def _on_ball(source: PosedSkeleton, slot: str) -> Array:
    """How much a foot stands on its ball and not on its heel (F,), half on each when flat."""
    heel, ball = (
        applied(source.turn(slot), _sole(source.rest, slot, np.array(share)))
        for share in (0.0, 1.0)
    )
    lift = (heel - ball)[:, 2] / (ON_TOES * np.linalg.norm(heel - ball, axis=-1))
    return np.asarray(np.clip(0.5 + lift / 2, 0, 1))


def _sole(rest: RestSkeleton, slot: str, share: Array) -> Array:
    """The place of a sole (..., 3) between those below ankle and ball, seen from the ankle."""
    down = np.array([0.0, 0.0, -rest.ankle_height(slot)])
    return np.asarray(down + share * across(rest.end(slot) - rest.joint(slot), UPWARD))


def _wider(pose: Pose, source: PosedSkeleton, slot: str) -> Array:
    """How much farther out a foot stands (3,) below hips that are wider."""
    thigh = UPPER[FEET] + side(slot)
    if not source.has(thigh):
        return np.zeros(3)
    out = pose.rest.joint(thigh)[0] - pose.scale * source.rest.joint(thigh)[0]
    return np.asarray(out * LEFTWARD)


def _nearness(heights: Array) -> Array:
    """1 for soles on the floor, 0 for those high above, by heights (F,) in legs' lengths."""
    share = np.clip((AIRBORNE - heights) / (AIRBORNE - NEAR_FLOOR), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _swings(pose: Pose, limb: Limb, wanted: Array) -> tuple[Array, Array]:
    """Rotations (F, 3, 3) of upper and lower limb that bring the end to the wanted place (F, 3);
    the plane of the bend swings along.
    """
    start, middle, end = (pose.places[slot] for slot in limb)
    first, second = middle - start, end - middle
    a, b = (np.linalg.norm(line, axis=-1, keepdims=True) for line in (first, second))
    line, line_after = unit(end - start), unit(wanted - start)
    fold = (pose.turns[limb.upper][:, -1] @ pose.rest.frames[limb.upper])[..., 2]
    out = unit(across(first - STRAIGHT * a * fold, line))
    out_after = applied(arc(line, line_after), out)
    reached = np.linalg.norm(wanted - start, axis=-1, keepdims=True)
    reached = np.clip(reached, np.abs(a - b) + (1 - STRETCHED) * a, STRETCHED * (a + b))
    cosine = np.clip((a**2 + reached**2 - b**2) / (2 * a * reached), -1, 1)
    first_after = a * (cosine * line_after + np.sqrt(1 - cosine**2) * out_after)
    second_after = reached * line_after - first_after
    normal, normal_after = np.cross(line, out), np.cross(line_after, out_after)
    return (
        frame(first_after, normal_after) @ frame(first, normal).swapaxes(-1, -2),
        frame(second_after, normal_after) @ frame(second, normal).swapaxes(-1, -2),
    )
