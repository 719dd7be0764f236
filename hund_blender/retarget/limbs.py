# SPDX-License-Identifier: GPL-3.0-or-later
"""Where on the way down a limb its joints are: told by lengths, heights and fingers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .tree import ACROSS, UP, BoneTree
from .turns import unit

Array = npt.NDArray[Any]

ON_LIMB: Final = 0.15  # of a limb's length: twist bones lie so near to it


@dataclass(frozen=True)
class Joints:
    """Places on the way down a limb at which its parts begin."""

    start: int
    middle: int
    end: int
    cost: float


def leg_joints(tree: BoneTree, way: tuple[int, ...]) -> Joints:
    """Hip, knee and ankle: thigh and shin are as long as each other, and the ankle is low."""
    points = tree.points[list(way)]
    floor = tree.points[list(tree.bones), UP].min()
    best = Joints(0, 1, 2, 9.0)
    for i, j, k in combinations(range(len(way)), 3):
        thigh, shin = (float(np.linalg.norm(points[b] - points[a])) for a, b in ((i, j), (j, k)))
        drop = max(float(points[i, UP] - floor), 1e-9)
        cost = abs(float(np.log(max(thigh, 1e-6) / max(shin, 1e-6))))
        cost += 6 * abs((points[k, UP] - floor) / drop - 0.06)
        cost += 3 * abs((thigh + shin) / drop - 0.95)
        cost += float(abs(points[i, ACROSS]) < 0.35 * abs(points[j, ACROSS]))
        if cost < best.cost:
            best = Joints(i, j, k, cost)
    return best


def toes_of(tree: BoneTree, foot: int) -> list[int]:
    """The bones that hang on a foot and lie before it, the middle one first."""
    ahead = _level(tree.points[tree.way_down(foot)[-1]] - tree.points[foot])
    toes = [c for c in tree.children[foot]
            if _level(tree.points[c] - tree.points[foot]) @ ahead > 0.7]  # fmt: skip
    middle = np.median(tree.points[toes, ACROSS]) if toes else 0.0
    return sorted(toes, key=lambda toe: abs(tree.points[toe, ACROSS] - middle))


def _level(line: Array) -> Array:
    return unit(line * [1, 1, 0])


def hand_of(tree: BoneTree, root: int) -> tuple[int, tuple[int, ...]]:
    """The bone that fingers hang on, and the way to it; -1 and the whole way without fingers."""
    whole = tree.way_down(root)
    branching = [
        bone for bone in whole[2:] if len([c for c in tree.children[bone] if tree.children[c]]) > 1
    ]
    if not branching:
        return -1, whole
    hand = max(branching, key=lambda bone: len(tree.children[bone]))
    return hand, whole[: whole.index(hand) + 1]


def arm_joints(tree: BoneTree, way: tuple[int, ...], *, known_hand: bool) -> Joints:
    """Shoulder, elbow and wrist: both halves of an arm are nearly as long as each other."""
    points = tree.points[list(way)]
    best = Joints(0, 1, 2, 9.0)
    for i, j, k in combinations(range(len(way)), 3):
        if known_hand and k != len(way) - 1:
            continue
        upper, fore = (float(np.linalg.norm(points[b] - points[a])) for a, b in ((i, j), (j, k)))
        collar = float(np.linalg.norm(points[i] - points[0])) / max(upper, 1e-6)
        beyond = float(np.linalg.norm(tree.ends[way[-1]] - points[k])) / max(fore, 1e-6)
        central = abs(points[i, ACROSS]) < 0.25 * upper
        cost = abs(float(np.log(max(upper, 1e-6) / max(fore, 1e-6))) - 0.08)
        cost += 0.5 * abs(collar - 0.5) if i else 0.2 + 1.0 * central
        cost += 0.0 if known_hand else 0.5 * abs(beyond - 0.5)
        if cost < best.cost:
            best = Joints(i, j, k, cost)
    return best


def along_limb(tree: BoneTree, limb: tuple[int, ...], end: int) -> list[int]:
    """Bones without much below them that lie on a limb: those that spread its twist."""
    start = tree.points[limb[0]]
    line = tree.points[end] - start
    length = max(float(np.linalg.norm(line)), 1e-9)
    found = []
    for bone in (child for part in limb for child in tree.children[part]):
        offset = tree.points[bone] - start
        along = float(offset @ line) / length**2
        beside = float(np.linalg.norm(offset - along * line)) / length
        on_way = bone in limb or bone == end
        if not on_way and -0.05 < along < 1.05 and beside < ON_LIMB and not tree.children[bone]:
            found.append(bone)
    return found
