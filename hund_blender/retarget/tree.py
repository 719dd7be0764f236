# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig as a tree of points in upright axes, with each bone's partner on the other side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .description import RigDescription
from .turns import across, unit

Array = npt.NDArray[Any]

ENOUGH_DEFORM: Final = 15  # bones that move skin; with fewer, all bones count
SAME_PLACE: Final = 0.02  # of the height: mirrored bones lie so near to each other
MIDDLE: Final = 0.01  # of the height: bones so near to the middle are of the trunk
ACROSS, ALONG, UP = 0, 1, 2  # of the points: across the body, front to back, up


@dataclass(frozen=True, eq=False)
class BoneTree:
    """The bones of a rig that make a body; places are in the description's order."""

    rig: RigDescription
    bones: tuple[int, ...]
    points: Array  # (B, 3) heads across, along and up, 0 across in the middle
    ends: Array  # (B, 3)
    partners: dict[int, int]  # of bones that have one on the other side
    symmetry: float  # 0…1: how many bones have a partner or lie in the middle

    @cached_property
    def children(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {bone: [] for bone in self.bones}
        for bone in self.bones:
            parent = self.parent(bone)
            if parent >= 0:
                found[parent].append(bone)
        return found

    def parent(self, bone: int) -> int:
        """The nearest bone of the tree above one, -1 for none."""
        return _kept_parent(self.rig, set(self.bones), bone)

    @property
    def height(self) -> float:
        return float(np.ptp(self.points[list(self.bones), UP])) or 1.0

    def is_sided(self, bone: int) -> bool:
        return bone in self.partners and self.partners[bone] != bone

    def above(self, bone: int) -> Iterator[int]:
        while (bone := self.parent(bone)) >= 0:
            yield bone

    def subtree(self, bone: int) -> Iterator[int]:
        yield bone
        for child in self.children[bone]:
            yield from self.subtree(child)

    @cached_property
    def _longest(self) -> dict[int, tuple[float, tuple[int, ...]]]:
        """Of every bone the longest way down from it: how long, and over which bones."""
        found: dict[int, tuple[float, tuple[int, ...]]] = {}
        for bone in reversed(self.bones):  # children come after their parents
            own = float(np.linalg.norm(self.ends[bone] - self.points[bone]))
            ways = [
                (float(np.linalg.norm(self.points[c] - self.points[bone])) + length, (bone, *way))
                for c in self.children[bone]
                for length, way in (found[c],)
            ]
            found[bone] = max(ways, default=(own, (bone,)))
        return found

    def way_down(self, bone: int) -> tuple[int, ...]:
        """The bones of the longest way down, this one first."""
        return self._longest[bone][1]

    def length_down(self, bone: int) -> float:
        return self._longest[bone][0]

    def distance(self, start: int, end: int) -> float:
        return float(np.linalg.norm(self.points[end] - self.points[start]))


def bone_tree(rig: RigDescription) -> BoneTree:
    """The tree of the bones that move skin, or of all where hardly any do."""
    deform = [bone for bone in range(len(rig.names)) if rig.deform[bone]]
    bones = deform if len(deform) >= ENOUGH_DEFORM else list(range(len(rig.names)))
    ends = _ends(rig, bones)
    trees = [_oriented(rig, bones, ends, axis) for axis in _horizontals(rig.up)]
    return max(trees, key=lambda tree: tree.symmetry)


def _kept_parent(rig: RigDescription, kept: set[int], bone: int) -> int:
    return next((above for above in rig.ancestors(bone) if above in kept), -1)


def _ends(rig: RigDescription, bones: list[int]) -> Array:
    """Where bones end (B, 3): in the middle of their children, or at their drawn tail."""
    kept, ends = set(bones), rig.tails.copy()
    children: dict[int, list[int]] = {}
    for bone in bones:
        children.setdefault(_kept_parent(rig, kept, bone), []).append(bone)
    for bone, below in children.items():
        if bone >= 0:
            ends[bone] = rig.heads[below].mean(0)
    return ends


def _horizontals(up: Array) -> list[Array]:
    """Unit directions (3,) along the floor that rigs may have across their bodies."""
    flat = [across(axis, up) for axis in np.eye(3)]
    return [unit(axis) for axis in flat if np.linalg.norm(axis) > 0.5]


def _oriented(rig: RigDescription, bones: list[int], ends: Array, axis: Array) -> BoneTree:
    frame = np.stack([axis, np.cross(rig.up, axis), rig.up], -1)
    points, ends = rig.heads @ frame, ends @ frame
    height = float(np.ptp(points[bones, UP])) or 1.0
    middle = np.median(points[bones, ACROSS])
    points[:, ACROSS] -= middle
    ends[:, ACROSS] -= middle
    partners = _partners(points, ends, bones, height)
    return BoneTree(rig, tuple(bones), points, ends, partners, len(partners) / max(len(bones), 1))


def _partners(points: Array, ends: Array, bones: list[int], height: float) -> dict[int, int]:
    """Each bone's mirror image; those in the middle are their own."""
    places = np.concatenate([points[bones], (points[bones] + ends[bones]) / 2], 1)
    mirrored = places * np.array([-1, 1, 1, -1, 1, 1])
    distances = np.linalg.norm(places[:, None] - mirrored[None], axis=-1)
    distances[np.eye(len(bones), dtype=bool) & (np.abs(places[:, 3]) > MIDDLE * height)] = np.inf
    nearest = distances.argmin(1)
    return {
        bone: bones[nearest[number]]
        for number, bone in enumerate(bones)
        if distances[number, nearest[number]] < SAME_PLACE * height
    }
