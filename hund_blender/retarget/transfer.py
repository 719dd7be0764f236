# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion of one rig to how the bones of another turn, whatever pose it rests in.

Limbs and fingers point where the source's do and roll as its anatomical frames roll; hips, spine,
neck, head and shoulders turn away from rest as the source's do; soles and palms lie alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .posed import PosedSkeleton
from .rest import RestSkeleton
from .rolls import segment_turns, twist_bone_turns
from .slots import FINGERS, SEGMENTS, base, main_slots
from .turns import applied, between

Array = npt.NDArray[Any]

TRUNK_CHAINS: Final = ("spine", "neck")


@dataclass(frozen=True, eq=False)
class Pose:
    """What the bones of a target shall do, in its body's axes, F frames."""

    rest: RestSkeleton
    turns: dict[str, Array]  # by slot (F, n, 3, 3): of each of its bones, away from rest
    hips: Array  # (F, 3): the middle between the hip joints
    scale: float  # of the source's lengths
    floor: float  # height in the source's axes that becomes the target's own floor

    @cached_property
    def places(self) -> dict[str, Array]:
        """By slot (F, 3): its joint."""
        return posed_places(self.rest, self.turns, self.hips)

    def taken(self, points: Array) -> Array:
        """Points (..., 3) of the source's space in the target's."""
        over_floor = points - np.array([0.0, 0.0, self.floor])
        placed: Array = self.scale * over_floor + np.array([0.0, 0.0, self.rest.floor])
        return placed


def transfer(source: PosedSkeleton, target: RestSkeleton, *, own_twist: bool = False) -> Pose:
    """The pose of a target for every frame of a source; own_twist where the target spreads the
    twist of its hands over its forearms itself.
    """
    turns: dict[str, Array] = {}
    for slot in main_slots():
        if not target.has(slot):
            continue
        if base(slot) in TRUNK_CHAINS:
            turns[slot] = _trunk_chain(source, target, slot)
        elif base(slot) in SEGMENTS:
            turns[slot] = segment_turns(source, target, slot, own_twist=own_twist)
        else:
            turn = _single(source, target, slot)
            if turn is not None:
                turns[slot] = np.repeat(turn[:, None], len(target.bones[slot]), 1)
    turns |= twist_bone_turns(source, target, turns)
    pose = Pose(target, turns, source.hips(), common_scale(source.rest, target), source.floor)
    return replace(pose, hips=pose.taken(pose.hips))


def common_scale(source: RestSkeleton, target: RestSkeleton) -> float:
    """The target's size as a multiple of the source's, by the best measure that both have."""
    common = next((name for name in source.size if name in target.size), None)
    return target.size[common] / source.size[common] if common else 1.0


def _single(source: PosedSkeleton, target: RestSkeleton, slot: str) -> Array | None:
    """Turns (F, 3, 3) of a slot with one bone; None where the source knows nothing of it."""
    if source.has(slot):
        return np.asarray(source.anatomical(slot) @ target.frames[slot].T)
    if base(slot)[:-1] in FINGERS:
        return None
    return source.of_bearer(slot)


def _trunk_chain(source: PosedSkeleton, target: RestSkeleton, slot: str) -> Array:
    """Turns (F, n, 3, 3) of spine or neck: of a chain as long bone by bone, else as far along."""
    own = source.turns.get(slot)
    count = len(target.bones[slot])
    if own is not None and own.shape[1] == count:
        return own
    begin = source.of_bearer(slot)
    above = source.turn("head") if slot == "neck" and source.has("head") else begin
    steps = between(begin, above, 0.5)[:, None] if own is None else own
    marks = [0.0, *_marks(source.rest, slot, steps.shape[1])]
    steps = np.concatenate([begin[:, None], steps], 1)
    wanted = _marks(target, slot, count)
    return np.stack([_at(steps, marks, mark) for mark in wanted], 1)


def _marks(rest: RestSkeleton, slot: str, count: int) -> list[float]:
    """How far along the chain its bones have turned, 0…1: those of the spine at their ends."""
    if not rest.has(slot) or len(rest.bones[slot]) != count:
        return list(np.linspace(0, 1, count + 1)[1:])
    joints = rest.heads[list(rest.bones[slot])]
    start = rest.hips if slot == "spine" else joints[0]
    above = next((up for up in ("neck", "head") if up != slot and rest.has(up)), "")
    ends = np.concatenate([joints[1:], [rest.joint(above) if above else rest.end(slot)]])
    heights = np.linalg.norm(ends - start, axis=-1)
    marks = np.maximum.accumulate(heights / max(float(heights[-1]), 1e-9))
    if slot == "neck":  # nothing but the head hangs on it: what counts is its middle
        before = np.concatenate([[0.0], marks[:-1]])
        return list((marks + before) / 2)
    return [*marks[:-1].tolist(), 1.0]


def _at(steps: Array, marks: list[float], mark: float) -> Array:
    """Turns (F, 3, 3) at a mark of a chain whose turns (F, n, 3, 3) stand at marks."""
    last = int(np.clip(np.searchsorted(marks, mark), 1, len(marks) - 1))
    width = max(marks[last] - marks[last - 1], 1e-9)
    share = float(np.clip((mark - marks[last - 1]) / width, 0, 1))
    return between(steps[:, last - 1], steps[:, last], share)


def posed_places(rest: RestSkeleton, turns: dict[str, Array], hips: Array) -> dict[str, Array]:
    """Where the joints come (F, 3) by slot, when every bone goes along with the one it hangs on."""
    places: dict[str, Array] = {}
    at_hips = turns["hips"][:, -1] if "hips" in turns else np.eye(3)[None]
    for slot in main_slots():
        if not rest.has(slot):
            continue
        bearer = rest.up_from(slot)
        if bearer not in places:
            places[slot] = hips + applied(at_hips, rest.joint(slot) - rest.hips)
            continue
        places[slot] = _carried(rest, turns, bearer, places[bearer], rest.joint(slot))
    return places


def _carried(
    rest: RestSkeleton, turns: dict[str, Array], bearer: str, place: Array, point: Array
) -> Array:
    """Where a rest point (3,) comes (F, 3) on the end of a chain whose joint is at place (F, 3)."""
    if bearer not in turns:
        return np.asarray(place + (point - rest.joint(bearer)))
    joints = rest.heads[list(rest.bones[bearer])]
    steps = np.diff(np.concatenate([joints, point[None]]), axis=0)
    if base(bearer) not in (*SEGMENTS, *TRUNK_CHAINS):
        steps = (point - joints[0])[None]
    moved: Array = place + np.einsum("fnij,nj->fi", turns[bearer][:, : len(steps)], steps)
    return moved
