# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's bones as clips move them: at rest, in chains, and with soles under the feet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ..body import Body, RestBody
from ..bones import collection_of
from ..rigs import Rig
from ..rotations import quaternions_from_matrices
from .quaternions import inverse, product, turned

Array = npt.NDArray[Any]

SIDES: Final = (".L", ".R")
SOLE_M: Final = 0.015  # what lies so near to the lowest point of a foot is its sole
SOLE_END: Final = 0.15  # of the sole's length: heel and toe tip
SHORT_M: Final = 0.05
SOLE_BONES: Final = ("foot", "toe")


class Leg(NamedTuple):
    """Bones by number, and two points (3,) of the sole at rest."""

    thigh: int
    shin: int
    foot: int
    heel: Array
    toe: Array


@dataclass(frozen=True, eq=False)
class Skeleton:
    """R bones at rest in armature space, metres; parents come before their children."""

    names: tuple[str, ...]
    parents: tuple[int, ...]  # -1 for the root, which comes first
    parts: tuple[str, ...]  # collections of bones.py without their side: Arms, Legs …
    heads: Array  # (R, 3)
    frames_wxyz: Array  # (R, 4) rest frames, Y along the bone
    legs: tuple[Leg, ...]  # left, right

    def turns(self, rotations_wxyz: Array) -> Array:
        """Turns away from rest in armature space (..., R, 4) of local rotations (..., R, 4)."""
        own = product(product(self.frames_wxyz, rotations_wxyz), inverse(self.frames_wxyz))
        turns = np.empty_like(own)
        for bone, parent in enumerate(self.parents):
            at_bone = own[..., bone, :]
            turns[..., bone, :] = at_bone if parent < 0 else product(turns[..., parent, :], at_bone)
        return turns

    def rotations(self, turns_wxyz: Array) -> Array:
        """Inverse of turns: local rotations (..., R, 4)."""
        above = inverse(turns_wxyz[..., [max(parent, 0) for parent in self.parents], :])
        above[..., 0, :] = (1.0, 0.0, 0.0, 0.0)
        own = product(above, turns_wxyz)
        return product(product(inverse(self.frames_wxyz), own), self.frames_wxyz)

    def placed(self, turns_wxyz: Array, root_m: Array) -> Array:
        """Heads (..., R, 3) of bones turned so, the root's at root_m (..., 3)."""
        heads = np.empty((*turns_wxyz.shape[:-1], 3))
        heads[..., 0, :] = root_m
        for bone, parent in enumerate(self.parents[1:], start=1):
            offset = turned(turns_wxyz[..., parent, :], self.heads[bone] - self.heads[parent])
            heads[..., bone, :] = heads[..., parent, :] + offset
        return heads

    def soles(self, turns_wxyz: Array, heads: Array) -> Array:
        """Points (..., L, 2, 3): of every leg the heel and the toe tip."""
        points = [
            heads[..., leg.foot, :]
            + turned(turns_wxyz[..., leg.foot, :], point - self.heads[leg.foot])
            for leg in self.legs
            for point in (leg.heel, leg.toe)
        ]
        return np.stack(points, -2).reshape(*heads.shape[:-2], len(self.legs), 2, 3)

    def chain(self, bone: int) -> list[int]:
        """A bone and all that it hangs on."""
        chain = [bone]
        while self.parents[chain[-1]] >= 0:
            chain.append(self.parents[chain[-1]])
        return chain

    @property
    def limb_ends(self) -> list[int]:
        """Hands, feet and head: the last bones without fingers, toes, eyes and the like."""
        ends = [leg.foot for leg in self.legs]
        for part in ("Arms", "Head"):
            own = [bone for bone, own_part in enumerate(self.parts) if own_part == part]
            ends += [bone for bone in own if not self._has_child_in(bone, own)]
        return ends

    def _has_child_in(self, bone: int, others: list[int]) -> bool:
        return any(self.parents[other] == bone for other in others)

    @property
    def reaches_m(self) -> Array:
        """How far (R,) from each bone the limb ends are that it moves; what moves none is short."""
        reaches = np.full(len(self.names), SHORT_M)
        for end in self.limb_ends:
            for bone in self.chain(end):
                distance = float(np.linalg.norm(self.heads[end] - self.heads[bone]))
                reaches[bone] = max(reaches[bone], distance)
        return reaches

    @property
    def leg_m(self) -> float:
        """How long the legs are, from hip to ankle."""
        lengths = [
            np.linalg.norm(self.heads[leg.shin] - self.heads[leg.thigh])
            + np.linalg.norm(self.heads[leg.foot] - self.heads[leg.shin])
            for leg in self.legs
        ]
        return float(np.mean(lengths))


def skeleton_of(rig: Rig, rest: RestBody, frames: Array) -> Skeleton:
    """The bones of a rig on a body that stands at rest, with their rest frames (R, 4, 4)."""
    names = rig.body.bone_names
    return Skeleton(
        names=rig.bone_names,
        parents=rig.bone_parents,
        parts=tuple(collection_of(names[leader]).split(".")[0] for leader in rig.leaders),
        heads=rig.rest(rest).heads,
        frames_wxyz=quaternions_from_matrices(frames[:, :3, :3]),
        legs=tuple(_leg(rig, rest, side) for side in SIDES),
    )


def _leg(rig: Rig, rest: RestBody, side: str) -> Leg:
    number = {name: bone for bone, name in enumerate(rig.body.bone_names)}
    thigh, shin, foot = (
        int(rig.merged[number[name + side]]) for name in ("upperleg01", "lowerleg01", "foot")
    )
    return Leg(thigh, shin, foot, *_sole_ends(rig.body, rest, side, number))


def _sole_ends(
    body: Body, rest: RestBody, side: str, number: Mapping[str, int]
) -> tuple[Array, Array]:
    """Where heel and toe tip (3,) touch the floor; toes point to -Y."""
    bones = [bone for name, bone in number.items() if name.endswith(side)]
    bones = [bone for bone in bones if body.bone_names[bone].startswith(SOLE_BONES)]
    carriers, weights = body.arrays["weight_bones"], body.arrays["weights"]
    main = carriers[np.arange(len(carriers)), weights.argmax(1)]
    skin = rest.vertices[np.isin(main, bones)]
    sole = skin[skin[:, 2] < skin[:, 2].min() + SOLE_M]
    back = (sole[:, 1] - sole[:, 1].min()) / np.ptp(sole[:, 1])
    heel, toe = sole[back > 1 - SOLE_END].mean(0), sole[back < SOLE_END].mean(0)
    return _on(heel, sole[:, 2].min()), _on(toe, sole[:, 2].min())


def _on(point: Array, height: float) -> Array:
    return np.array([point[0], point[1], height])
