# SPDX-License-Identifier: GPL-3.0-or-later
"""Our body posed from points on another's: every part turns until its own points lie as theirs.

Points on skin move with more than one bone, so this is done over and over, from the hips outward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..body import Body, RestBody
from ..retarget.turns import across, arc, between, frame, unit
from ..rotations import matrices_from_quaternions, quaternions_from_matrices
from .mhr_points import FINGERS, JOINTS, NAMES, SIDES, carried_points
from .posed_body import half_twisted

Array = npt.NDArray[Any]

SWEEPS: Final = 5
# Half of a shrug, and half of what is left, is believed: necks begin elsewhere on other bodies.
SHRUG: Final = 0.5
SHRUGS: Final = 2
BENT: Final = 0.35  # sine of the bend from which on an elbow or knee itself tells its plane
SPINE: Final = ("spine05", "spine04", "spine03", "spine02", "spine01")
NECK: Final = ("neck01", "neck02", "neck03", "head")


class Named(Protocol):
    """Points by name, (F, 3) each."""

    def __getitem__(self, name: str) -> Array: ...


Line = Callable[[Named], Array]  # (F, 3)


def to(start: str, end: str) -> Line:
    return lambda points: points[end] - points[start]


def middle(points: Named, *names: str) -> Array:
    return np.asarray(sum(points[name] for name in names) / len(names))


def both(points: Named, part: str) -> Array:
    """Amid the points of both sides."""
    return middle(points, f"left_{part}", f"right_{part}")


def trunk(points: Named) -> Array:
    return points["neck"] - both(points, "hip")


def gaze(points: Named) -> Array:
    return middle(points, "nose", "left_eye", "right_eye") - both(points, "ear")


def sole(side: str) -> Line:
    return lambda points: (
        middle(points, f"{side}_big_toe_tip", f"{side}_small_toe_tip") - points[f"{side}_heel"]
    )


class Given:
    """Points (F, 70, 3), some of which may be NaN."""

    def __init__(self, points: Array) -> None:
        self._points = points

    def __getitem__(self, name: str) -> Array:
        point: Array = self._points[:, NAMES.index(name)]
        return point


class Posing:
    """Bones of a body on their way from the reference pose: turns (F, B, 3, 3) away from rest, and
    heads (F, B, 3).
    """

    def __init__(self, body: Body, rest: RestBody, frames: int) -> None:
        self.body, self.rest = body, rest
        self.carried = carried_points(body, rest)
        turns, heads = body.reference_bones(rest)
        self.turns, self.heads = np.tile(turns, (frames, 1, 1, 1)), np.tile(heads, (frames, 1, 1))
        self._below = [self._subtree(bone) for bone in range(len(body.bone_names))]

    def __getitem__(self, name: str) -> Array:
        return self.carried.placed(NAMES.index(name), self.turns, self.heads)

    def bone(self, name: str) -> int:
        return self.body.bone_names.index(name)

    def turn(self, name: str, by: Array) -> None:
        """Turn a bone with all that hangs on it about its head, by (F, 3, 3)."""
        bone = self.bone(name)
        below, head = self._below[bone], self.heads[:, bone, None]
        self.turns[:, below] = by[:, None] @ self.turns[:, below]
        self.heads[:, below] = head + (self.heads[:, below] - head) @ by.swapaxes(1, 2)

    def hinge(self, name: str, carrier: str) -> Array:
        """The axis (F, 3) that a bone bends about, as another bone carries it."""
        axis: Array = self.turns[:, self.bone(carrier)] @ self.rest.rotations[self.bone(name)][:, 0]
        return axis

    def share_twist(self, side: str) -> None:
        """Half of how a hand twists goes to the forearm."""
        at = SIDES[side]
        arm, half, hand = (self.bone(name + at) for name in ("lowerarm01", "lowerarm02", "wrist"))
        along = self.rest.heads[hand] - self.rest.heads[arm]
        arm_wxyz, hand_wxyz = (quaternions_from_matrices(self.turns[:, b]) for b in (arm, hand))
        self.turns[:, half] = matrices_from_quaternions(half_twisted(arm_wxyz, hand_wxyz, along))

    def place(self) -> None:
        """Heads to where the turns of parents bring them; the root's stays."""
        for bone, parent in enumerate(self.body.bone_parents[1:], start=1):
            offset = self.rest.heads[bone] - self.rest.heads[parent]
            self.heads[:, bone] = self.heads[:, parent] + self.turns[:, parent] @ offset

    def _subtree(self, root: int) -> list[int]:
        found = {root}
        for bone, parent in enumerate(self.body.bone_parents):
            if parent in found:
                found.add(bone)
        return sorted(found)


def posed_from_points(body: Body, rest: RestBody, points: Array) -> Posing:
    """A body (at rest: body frame, metres) turned so that its points lie as given ones.

    points (F, 70, 3) are in the order of NAMES, in any frame and size, NaN where unknown: parts
    whose points are unknown go along with what they hang on. The root's head stays where it is at
    rest. Nothing is raised.
    """
    posing, given = Posing(body, rest, len(points)), Given(points)
    knees = {side: _offset(posing, side, LEG) for side in SIDES}
    elbows = {side: _offset(posing, side, ARM) for side in SIDES}
    for sweep in range(SWEEPS):
        _align(posing, given, ("root",), to("right_hip", "left_hip"), trunk)
        _align(posing, given, SPINE, to("right_acromion", "left_acromion"), trunk)
        _align(posing, given, NECK, to("right_ear", "left_ear"), gaze)
        for side, at in SIDES.items():
            if sweep < SHRUGS:
                line = to("neck", f"{side}_shoulder")
                _align(posing, given, (f"clavicle{at}",), line, None, SHRUG)
            _bend(posing, given, side, ARM, elbows[side])
            _bend(posing, given, side, LEG, knees[side])
            toes = to(f"{side}_small_toe_tip", f"{side}_big_toe_tip")
            _align(posing, given, (f"foot{at}",), sole(side), toes)
            _hand(posing, given, side)
        posing.place()
    return posing


def _hand(posing: Posing, given: Given, side: str) -> None:
    palm = to(f"{side}_wrist", f"{side}_middle_third_joint")
    thumb_side = to(f"{side}_pinky_third_joint", f"{side}_index_third_joint")
    _align(posing, given, (f"wrist{SIDES[side]}",), palm, thumb_side)
    posing.share_twist(side)
    for finger, number in FINGERS.items():
        for joint, (end, start) in enumerate(zip(JOINTS[-2::-1], JOINTS[:0:-1], strict=True), 1):
            line = to(f"{side}_{finger}_{start}", f"{side}_{finger}_{end}")
            _align(posing, given, (f"finger{number}-{joint}{SIDES[side]}",), line, None)


def _align(
    posing: Posing,
    given: Given,
    chain: tuple[str, ...],
    y: Line,
    z: Line | None,
    share: float = 1.0,
) -> None:
    """Turn the end of a chain, each bone by as much, until line y points along the given one, and
    z is as near to the given one as can be.
    """
    now_y, now_z = y(posing), None if z is None else z(posing)
    step = _turn_to(now_y, now_z, y(given), None if z is None else z(given))
    if share < 1.0 or len(chain) > 1:
        step = between(np.broadcast_to(np.eye(3), step.shape), step, share / len(chain))
    for bone in chain:
        posing.turn(bone, step)


def _turn_to(y: Array, z: Array | None, wanted_y: Array, wanted_z: Array | None) -> Array:
    """Turns (F, 3, 3) of lines y and z (F, 3); the shortest where z's aim is not known, none where
    y's is not.
    """
    has_y = _known(wanted_y)
    wanted_y = np.where(has_y, wanted_y, y)
    shortest = arc(unit(y), unit(wanted_y))
    if z is None or wanted_z is None:
        return shortest
    both_known = has_y & _known(wanted_z)
    full = frame(wanted_y, np.where(both_known, wanted_z, z)) @ frame(y, z).swapaxes(1, 2)
    return np.where(both_known[..., None], full, shortest)


def _known(vectors: Array) -> Array:
    """(F, 1) of vectors (F, 3)."""
    return np.asarray(np.isfinite(vectors).all(1, keepdims=True))


class Limb(NamedTuple):
    """What bends at a hinge."""

    joints: tuple[str, str, str]  # points
    bones: tuple[str, str]
    hint: tuple[str, str]  # points, whose line tells where it would fold to when it is straight


ARM: Final = Limb(
    ("shoulder", "elbow", "wrist"), ("upperarm01", "lowerarm01"), ("olecranon", "cubital_fossa")
)
LEG: Final = Limb(("hip", "knee", "ankle"), ("upperleg01", "lowerleg01"), ("big_toe_tip", "heel"))


def _lines(points: Named, side: str, limb: Limb) -> tuple[Array, Array, Array]:
    """Upper part, lower part, and hint (F, 3)."""
    a, b, c = (points[f"{side}_{joint}"] for joint in limb.joints)
    start, end = (points[f"{side}_{name}"] for name in limb.hint)
    return b - a, c - b, end - start


def _offset(posing: Posing, side: str, limb: Limb) -> float:
    """How far a limb folds beside its hint in the reference pose: an angle about the upper part."""
    upper, _, hint = (line[:1] for line in _lines(posing, side, limb))
    axis = posing.hinge(limb.bones[1] + SIDES[side], limb.bones[0] + SIDES[side])[:1]
    y = unit(upper)
    start, end = unit(across(hint, y)), unit(np.cross(axis, y))
    return float(np.arctan2(np.sum(np.cross(start, end) * y), np.sum(start * end)))


def _bend(posing: Posing, given: Given, side: str, limb: Limb, offset: float) -> None:
    upper_bone, lower_bone = (bone + SIDES[side] for bone in limb.bones)
    upper, lower, hint = _lines(given, side, limb)
    now_upper, now_lower, _ = _lines(posing, side, limb)
    own = posing.hinge(lower_bone, upper_bone)
    lean = _cosine(own, now_upper), _cosine(posing.hinge(lower_bone, lower_bone), now_lower)
    axis = _axis(upper, lower, hint, offset, lean)
    posing.turn(
        upper_bone, _turn_to(now_upper, np.cross(own, now_upper), upper, np.cross(axis, upper))
    )
    now_lower = _lines(posing, side, limb)[1]
    own = posing.hinge(lower_bone, lower_bone)
    posing.turn(
        lower_bone, _turn_to(now_lower, np.cross(own, now_lower), lower, np.cross(axis, lower))
    )


def _axis(
    upper: Array, lower: Array, hint: Array, offset: float, lean: tuple[Array, Array]
) -> Array:
    """The hinge (F, 3) of a limb: as it is bent, or where it is straight, as its hint tells.

    lean are the cosines (F, 1) between the hinge and both parts on our own body.
    """
    y = unit(upper)
    beside = unit(across(hint, y))
    told = np.cross(y, np.cos(offset) * beside + np.sin(offset) * np.cross(y, beside))
    bent = _hinge_between(y, unit(lower), *lean)
    bend = np.linalg.norm(np.cross(y, unit(lower)), axis=1, keepdims=True)
    share = (bend / BENT).clip(0.0, 1.0)
    mixed = share * bent + (1.0 - share) * told
    return np.where(np.isfinite(told), np.where(np.isfinite(bent), mixed, told), bent)


def _hinge_between(a: Array, b: Array, cosine_a: Array, cosine_b: Array) -> Array:
    """The unit vectors (F, 3) that stand so to directions a and b (F, 3), on the side of a × b."""
    c = np.sum(a * b, 1, keepdims=True)
    scale = 1.0 / np.maximum(1.0 - c * c, 1e-6)
    in_plane = scale * ((cosine_a - c * cosine_b) * a + (cosine_b - c * cosine_a) * b)
    left = 1.0 - np.sum(in_plane * in_plane, 1, keepdims=True)
    return unit(in_plane + np.sqrt(left.clip(0.0)) * unit(np.cross(a, b)))


def _cosine(a: Array, b: Array) -> Array:
    return np.asarray(np.sum(unit(a) * unit(b), 1, keepdims=True))
