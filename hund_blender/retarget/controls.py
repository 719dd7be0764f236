# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bones that an artist keys have to be for a pose: FK, IK, poles, root."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .anatomy import FORWARD, UPWARD
from .rest import RestSkeleton
from .slots import HANDLES, PARTS, SIDES, TWISTS, ancestors, base, main_slots, part
from .transfer import Pose
from .turns import across, applied, arc, unit

Array = npt.NDArray[Any]

ROOT_STAYS: Final = "STAY"
ROOT_MOVES: Final = "MOVE"
ROOT_TURNS: Final = "TURN"
CARRIERS: Final = ("center", "root")
HANDLE_OF: Final = {"hand_ik": "hand", "foot_ik": "foot", "toes_ik": "toes"}
POLE_OF: Final = {"elbow_pole": ("upper_arm", "hand"), "knee_pole": ("thigh", "foot")}
STRAIGHT: Final = 0.02  # of its length: a limb so straight bends where its upper bone says
TOLD: Final = 0.001  # of its length: a bend at rest that tells the limb's plane


class Control(NamedTuple):
    """A bone to be keyed."""

    bone: int  # place in the description
    slot: str
    turns: Array | None  # (F, 3, 3) armature space; None leaves the rotation alone
    places: Array | None  # (F, 3) of its head; None leaves the location alone

    @property
    def is_left_alone(self) -> bool:
        return self.turns is None and self.places is None


@dataclass(frozen=True)
class Placing:
    """Where the whole of it stands in armature space, and what the root bone does."""

    turn: Array  # (3, 3)
    move: Array  # (3,)
    root: str = ROOT_STAYS

    @classmethod
    def own(cls, root: str = ROOT_STAYS) -> Placing:
        """Where the rig itself stands."""
        return cls(np.eye(3), np.zeros(3), root)

    @property
    def is_own(self) -> bool:
        return bool(np.allclose(self.turn, np.eye(3)) and np.allclose(self.move, 0))


def controls_of(pose: Pose, placing: Placing, wanted: Container[str] = PARTS) -> list[Control]:
    """The controls of a rig for a pose, without those that keys do not move; wanted tells parts of
    the body, as slots.PARTS has them, that shall take the pose. Others go their own way, but may
    bear some that do.
    """
    rest = pose.rest
    found = {
        control.bone: _placed(rest, control, placing)
        if part(control.slot) in wanted
        else control._replace(turns=None, places=None)
        for control in (*_root(pose, placing), *_fk(pose), *_ik(pose), *_poles(pose))
        if not rest.rig.driven[control.bone]
    }
    return list(found.values())


def likely_bearers(controls: Sequence[Control]) -> list[int]:
    """For every control the number of the one that it hangs on in a body, -1 for none."""
    latest: dict[str, int] = {}
    found = []
    for number, control in enumerate(controls):
        is_handle = base(control.slot) in HANDLES
        above = () if is_handle else (control.slot, *ancestors(control.slot), *CARRIERS)
        found.append(next((latest[slot] for slot in above if slot in latest), -1))
        latest[control.slot] = number
    return found


def _placed(rest: RestSkeleton, control: Control, placing: Placing) -> Control:
    """From body axes into armature space."""
    axes = placing.turn @ rest.axes
    turns, places = control.turns, control.places
    if turns is not None:
        turns = axes @ turns @ rest.axes.T @ rest.rig.frames[control.bone]
    if places is not None:
        places = places @ axes.T + placing.move
    return control._replace(turns=turns, places=places)


def _fk(pose: Pose) -> Iterator[Control]:
    rest = pose.rest
    carrier = next((slot for slot in ("center", "hips") if rest.has(slot)), "")
    if carrier:
        yield _carrier(pose, carrier)
    helpers = (name + at for name in TWISTS for at in SIDES)
    for slot in (*main_slots(), *helpers, "jaw", "eye.L", "eye.R"):
        if slot == carrier or slot not in pose.turns:
            continue
        for number, bone in enumerate(rest.bones[slot]):
            yield Control(bone, slot, pose.turns[slot][:, number], None)


def _carrier(pose: Pose, slot: str) -> Control:
    """The bone that carries the whole body."""
    bone, turns = pose.rest.bones[slot][0], _of_hips(pose)
    places = pose.hips + applied(turns, pose.rest.heads[bone] - pose.rest.hips)
    return Control(bone, slot, turns, places)


def _of_hips(pose: Pose) -> Array:
    if "hips" in pose.turns:
        return np.asarray(pose.turns["hips"][:, -1])
    return np.tile(np.eye(3), (len(pose.hips), 1, 1))


def _ik(pose: Pose) -> Iterator[Control]:
    """Handles go along with the hand or foot that they move."""
    rest = pose.rest
    for handle, end in HANDLE_OF.items():
        for at in SIDES:
            if not rest.has(handle + at) or end + at not in pose.turns:
                continue
            bone, turns = rest.bones[handle + at][0], pose.turns[end + at][:, 0]
            offset = rest.heads[bone] - rest.joint(end + at)
            places = pose.places[end + at] + applied(turns, offset)
            yield Control(bone, handle + at, turns, None if end == "toes" else places)


def _poles(pose: Pose) -> Iterator[Control]:
    rest = pose.rest
    for handle, (upper, end) in POLE_OF.items():
        for at in SIDES:
            lower = ("forearm" if upper == "upper_arm" else "shin") + at
            chain = (upper + at, lower, end + at)
            if rest.has(handle + at) and all(name in pose.turns for name in chain):
                bone = rest.bones[handle + at][0]
                yield Control(bone, handle + at, None, _pole_places(pose, chain, rest.heads[bone]))


def _pole_places(pose: Pose, chain: tuple[str, str, str], pole: Array) -> Array:
    """Where a pole (3,) of the rest pose comes (F, 3), turned as the limb's plane turns."""
    rest, (upper, lower, end) = pose.rest, chain
    start, joint, tip = (rest.joint(slot)[None] for slot in chain)
    before = _plane(start, joint, tip, -TOLD * rest.frames[upper][None, :, 2])
    out = applied(pose.turns[upper][:, -1], before[0, :, 1])
    places = pose.places
    after = _plane(places[upper], places[lower], places[end], STRAIGHT * out)
    offset = before[0].T @ (pole - rest.joint(lower))
    return np.asarray(places[lower] + applied(after, offset))


def _plane(start: Array, middle: Array, end: Array, hint: Array) -> Array:
    """Frames (F, 3, 3) of a limb: along it, out to where its joint is, and across. The hint
    (F, 3), in parts of its length, tells out where it is straight.
    """
    along = unit(end - start)
    length = np.linalg.norm(end - start, axis=-1, keepdims=True)
    out = unit(across(middle - start + length * hint, along))
    return np.stack([along, out, np.cross(along, out)], -1)


def _root(pose: Pose, placing: Placing) -> Iterator[Control]:
    """The root bone under the hips, where it shall move, or where all of it is placed anew."""
    rest = pose.rest
    if not rest.has("root"):
        return
    bone, count = rest.bones["root"][0], len(pose.hips)
    if placing.root == ROOT_STAYS and placing.is_own:
        yield Control(bone, "root", None, None)
        return
    turns, places = np.tile(np.eye(3), (count, 1, 1)), np.tile(rest.heads[bone], (count, 1))
    if placing.root != ROOT_STAYS:
        places = places + across(pose.hips - rest.hips, UPWARD)
    if placing.root == ROOT_TURNS:
        ahead = across(applied(_of_hips(pose), FORWARD), UPWARD)
        turns = arc(np.broadcast_to(FORWARD, ahead.shape), unit(ahead))
    yield Control(bone, "root", turns, places)
