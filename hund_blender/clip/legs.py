# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that reach where their feet shall be: two-bone inverse kinematics, all frames at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .quaternions import between, exponential, inverse, product, turned
from .skeleton import Leg, Skeleton

Array = npt.NDArray[Any]

STRETCHED: Final = 0.999  # of the leg's length: no foot makes a knee straighter, it would pop
LEVEL: Final = 0.3  # sine of a leg's slope
BENT_SINE: Final = 0.1  # a knee that bends more tells itself about which axis


@dataclass(frozen=True, eq=False)
class Stance:
    """How a skeleton stands over F frames, worked out from its rotations."""

    turns_wxyz: Array  # (F, R, 4) away from rest
    heads: Array  # (F, R, 3)

    def moved(self, shift: Array) -> Stance:
        """The same, with all of it moved by (F, 3) or (3,)."""
        return Stance(self.turns_wxyz, self.heads + shift[..., None, :])


def stance(skeleton: Skeleton, rotations_wxyz: Array, root_m: Array) -> Stance:
    turns = skeleton.turns(rotations_wxyz)
    return Stance(turns, skeleton.placed(turns, root_m))


def reached(skeleton: Skeleton, leg: Leg, stands: Stance, ankles: Array, feet_wxyz: Array) -> Array:
    """Local rotations (F, 3, 4) of thigh, shin and foot that bring the ankle to ankles (F, 3).

    Feet turn as feet_wxyz (F, 4) says, knees keep the side they bend to. All other bones keep their
    rotations. An ankle out of reach is pointed at.
    """
    hip, knee, ankle = (stands.heads[:, bone] for bone in (leg.thigh, leg.shin, leg.foot))
    bend = _bend(skeleton, leg, stands, np.linalg.norm(ankles - hip, axis=-1))
    swing = between(knee + turned(bend, ankle - knee) - hip, ankles - hip)
    shift = product(swing, bend)
    turns, parents = stands.turns_wxyz, skeleton.parents
    thigh = product(inverse(turns[:, parents[leg.thigh]]), product(swing, turns[:, leg.thigh]))
    shin = product(inverse(turns[:, parents[leg.shin]]), product(bend, turns[:, leg.shin]))
    foot = product(inverse(product(shift, turns[:, parents[leg.foot]])), feet_wxyz)
    frames = skeleton.frames_wxyz[[leg.thigh, leg.shin, leg.foot]]
    return product(product(inverse(frames), np.stack([thigh, shin, foot], 1)), frames)


def missing_m(leg: Leg, stands: Stance, ankles: Array) -> Array:
    """How far down (F,) hips have to go for ankles (F, 3) to be in reach, 0 where they are."""
    to_ankle = ankles - stands.heads[:, leg.thigh]
    across = (to_ankle[:, :2] ** 2).sum(1)
    height = np.sqrt(np.maximum((STRETCHED * _length(leg, stands)) ** 2 - across, 0.0))
    missing: Array = np.maximum(-to_ankle[:, 2] - height, 0.0)
    return missing


def rise_m(leg: Leg, stands: Stance, ankles: Array) -> Array:
    """How far up (F,) a hip has to go to be as far from ankles (F, 3) as from its own; NaN where
    the leg is so level that height hardly tells.
    """
    hip = stands.heads[:, leg.thigh]
    reach = np.linalg.norm(stands.heads[:, leg.foot] - hip, axis=-1)
    to_ankle = ankles - hip
    height = np.sqrt(np.maximum(reach**2 - (to_ankle[:, :2] ** 2).sum(1), 0.0))
    rise = to_ankle[:, 2] - np.copysign(height, to_ankle[:, 2])
    return np.where(height > LEVEL * reach, rise, np.nan)


def _length(leg: Leg, stands: Stance) -> Array:
    hip, knee, ankle = (stands.heads[:, bone] for bone in (leg.thigh, leg.shin, leg.foot))
    length: Array = np.linalg.norm(knee - hip, axis=-1) + np.linalg.norm(ankle - knee, axis=-1)
    return length


def _bend(skeleton: Skeleton, leg: Leg, stands: Stance, wanted: Array) -> Array:
    """Turns (F, 4) of the shin about the knee after which hip and ankle are as far as wanted."""
    hip, knee, ankle = (stands.heads[:, bone] for bone in (leg.thigh, leg.shin, leg.foot))
    to_hip, to_ankle = hip - knee, ankle - knee
    a, b = np.linalg.norm(to_hip, axis=-1), np.linalg.norm(to_ankle, axis=-1)
    farthest = np.maximum(STRETCHED * (a + b), np.linalg.norm(ankle - hip, axis=-1))
    distance = np.clip(wanted, np.abs(a - b) + 1e-6, farthest)
    wanted_cosine = (a**2 + b**2 - distance**2) / (2 * a * b)
    cosine = (to_hip * to_ankle).sum(-1) / (a * b)
    angle = np.arccos(np.clip(wanted_cosine, -1, 1)) - np.arccos(np.clip(cosine, -1, 1))
    axis = _hinge(skeleton, leg, stands.turns_wxyz, to_hip, to_ankle)
    return exponential(axis * angle[:, None])


def _hinge(skeleton: Skeleton, leg: Leg, turns: Array, to_hip: Array, to_ankle: Array) -> Array:
    """Axes (F, 3) about which the shin opens the knee; of a straight leg, by how it is built."""
    across = np.cross(to_hip, to_ankle)
    lengths = np.linalg.norm(to_hip, axis=-1) * np.linalg.norm(to_ankle, axis=-1)
    frame = product(turns[:, leg.shin], skeleton.frames_wxyz[leg.shin])
    built = -turned(frame, np.array([1.0, 0.0, 0.0]))  # a turn by +X bends the knee
    sine = (np.linalg.norm(across, axis=-1) / lengths)[:, None]
    share = np.clip(sine / BENT_SINE, 0.0, 1.0)
    seen = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    axis = share * seen + (1.0 - share) * built
    unit: Array = axis / np.linalg.norm(axis, axis=-1, keepdims=True)
    return unit
