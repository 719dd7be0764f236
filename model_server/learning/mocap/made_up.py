# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses composed from the stances and gestures, by bringing hands and feet to their places."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap import limits, so3
from model_server.learning.mocap.gestures import GESTURES, STANCES, End, Gesture, Stance
from model_server.learning.mocap.limbs import Limb, reaching, shoulder_rhythm
from model_server.learning.mocap.reference import Reference
from model_server.learning.mocap.so3 import Array

POLE_SPREAD: Final = 0.15
WRIST_SPREAD: Final = np.radians(12.0)
FOREARM_SPREAD: Final = np.radians(14.0)
FOOT_SPREAD: Final = np.radians(9.0)
WITH_STANCE: Final = (
    "behind on floor",
    "supporting",
    "low support",
)  # gestures only where a stance asks for them
ARM_BONES: Final = ("clavicle", "upperarm01", "lowerarm01", "lowerarm02", "wrist")
LEG_BONES: Final = ("upperleg01", "lowerleg01", "foot")


class Ends(NamedTuple):
    """One side of a table of stances or gestures, each (K, ...)."""

    place: Array  # (K, 3)
    pole: Array  # (K, 3)
    spread: Array  # (K,)
    turn: Array  # (K,) radians


def ends(table: list[Stance] | list[Gesture], side: str) -> Ends:
    """One side's limb ends, mirrored to it."""
    chosen: list[End] = [row.left if side == ".L" else row.right or row.left for row in table]
    mirror = np.array([1.0 if side == ".L" else -1.0, 1.0, 1.0])
    return Ends(
        np.array([end.place for end in chosen]) * mirror,
        np.array([end.pole for end in chosen]) * mirror,
        np.array([end.spread for end in chosen]),
        np.radians([end.turn for end in chosen]),
    )


@dataclass(frozen=True)
class Parts:
    """Some bones of n poses, and which stance or gesture each is."""

    rotations: dict[str, Array]  # by pose bone, (n, 3, 3) relative to the parent
    kind: NDArray[np.intp]  # (n,)


class Composer:
    """Draws made-up lower bodies and arms for the body of `reference`."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.stances, self.gestures = list(STANCES.values()), list(GESTURES.values())
        self.frames = dict(zip(POSE_BONES, limits.bone_frames(reference), strict=True))
        self.legs = {side: ends(self.stances, side) for side in (".L", ".R")}
        self.arms = {side: ends(self.gestures, side) for side in (".L", ".R")}
        self.stance_odds = odds(np.array([stance.weight for stance in self.stances]))
        demands = [(), *(stance.arms for stance in self.stances)]
        self.gesture_odds = np.stack([odds(fitting_gestures(demand)) for demand in demands])

    def demands_arms(self, kind: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(n,) whether a stance goes with certain gestures only."""
        return np.array([bool(stance.arms) for stance in self.stances])[kind]

    def lower_bodies(self, rng: np.random.Generator, n: int) -> Parts:
        """Root (heading forward), legs and spine of n random stances."""
        kind = np.searchsorted(self.stance_odds, rng.random(n))
        rotations = {"root": self.roots(rng, kind)}
        bow = self.drawn(rng, kind, "bow") / 3
        for bone in ("spine04", "spine03", "spine02"):
            noise = rng.normal(size=(n, 3)) * np.radians((4, 3, 3))
            rotations[bone] = limits.from_bone_frames(
                self.frames[bone], noise + bow[:, None] * (0, 1, 0)
            )
        for side in (".L", ".R"):
            rotations |= self.leg(rng, kind, side)
        return Parts(rotations, kind)

    def drawn(self, rng: np.random.Generator, kind: NDArray[np.intp], angle: str) -> Array:
        """(n,) radians, anywhere between the stance's bounds."""
        bounds = np.radians([getattr(stance, angle) for stance in self.stances])[kind]
        return rng.uniform(bounds[:, 0], bounds[:, 1])

    def roots(self, rng: np.random.Generator, kind: NDArray[np.intp]) -> Array:
        pitch = so3.about(np.array([1.0, 0, 0]), self.drawn(rng, kind, "pitch"))
        return so3.about(np.array([0.0, 1, 0]), self.drawn(rng, kind, "roll")) @ pitch

    def leg(self, rng: np.random.Generator, kind: NDArray[np.intp], side: str) -> dict[str, Array]:
        thigh, shin, foot = (bone + side for bone in LEG_BONES)
        limb = Limb.of(self.reference, thigh, shin, foot)
        place, pole, turn = scattered(rng, self.legs[side], kind)
        upper, lower = reaching(limb, place, pole)
        noise = rng.normal(size=(len(kind), 3)) * FOOT_SPREAD
        bent = limits.from_bone_frames(self.frames[foot], noise + turn[:, None] * (0, 1, 0))
        return {thigh: upper, shin: so3.transposed(upper) @ lower, foot: bent}

    def gestures_for(self, rng: np.random.Generator, stance: NDArray[np.intp]) -> Parts:
        """Arms (n) that go with stances (n,); -1 for none in particular."""
        drawn = rng.random((len(stance), 1))
        kind = np.minimum((self.gesture_odds[stance + 1] < drawn).sum(-1), len(self.gestures) - 1)
        return Parts(self.arm(rng, kind, ".L") | self.arm(rng, kind, ".R"), kind)

    def arm(self, rng: np.random.Generator, kind: NDArray[np.intp], side: str) -> dict[str, Array]:
        clavicle, arm, forearm, halfway, wrist = (bone + side for bone in ARM_BONES)
        limb = Limb.of(self.reference, arm, forearm, wrist)
        place, pole, turn = scattered(rng, self.arms[side], kind)
        upper, _ = reaching(limb, place - limb.start, pole)
        raised = shoulder_rhythm(upper @ so3.normalised(limb.upper), side)
        neck = self.reference.heads[self.reference.names.index(clavicle)]
        shoulder = neck + raised @ (limb.start - neck)
        upper, lower = reaching(limb, place - shoulder, pole)
        twist = (turn + rng.normal(size=turn.shape) * FOREARM_SPREAD)[:, None] * (-0.5, 0, 0)
        bent = rng.normal(size=(len(kind), 3)) * WRIST_SPREAD * (0, 1, 1)
        return {
            clavicle: raised,
            arm: so3.transposed(raised) @ upper,
            forearm: so3.transposed(upper) @ lower,
            halfway: limits.from_bone_frames(self.frames[halfway], twist),
            wrist: limits.from_bone_frames(self.frames[wrist], twist + bent),
        }


def fitting_gestures(demand: tuple[str, ...]) -> Array:
    """(G,) weights of the gestures: those demanded, or all that need no stance of their own."""
    fits = [name in demand if demand else name not in WITH_STANCE for name in GESTURES]
    return np.array([gesture.weight for gesture in GESTURES.values()]) * fits


def odds(weights: Array) -> Array:
    """Cumulative probabilities of weights (K,)."""
    return np.cumsum(weights) / np.sum(weights)


def scattered(
    rng: np.random.Generator, table: Ends, kind: NDArray[np.intp]
) -> tuple[Array, Array, Array]:
    """Places (n, 3), poles (n, 3) and turns (n,) of the chosen kinds, with their noise."""
    place = table.place[kind] + rng.normal(size=(len(kind), 3)) * table.spread[kind, None]
    pole = so3.normalised(table.pole[kind]) + rng.normal(size=(len(kind), 3)) * POLE_SPREAD
    return place, pole, table.turn[kind]
