# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the bones that hang on a hand are which finger."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .slots import FINGERS
from .tree import ALONG, BoneTree
from .turns import unit

Array = npt.NDArray[Any]

IN_PALM: Final = 0.58  # of the way from wrist to the next joint: nearer bones are metacarpals
THUMB_ANGLE: Final = np.radians(20.0)  # away from the other fingers
LONGEST: Final = 3  # bones of a finger


def finger_chains(tree: BoneTree, hand: int, back: float) -> dict[str, list[int]]:
    """Bones by slot, such as index1, without a side; back is 1 where the body's back is along the
    points' second axis, else -1.
    """
    ways = [tree.way_down(child) for child in tree.children[hand]]
    ways = [way for way in ways if len(way) > 1]
    if not ways:
        return {}
    thumb = _thumb(tree, hand, ways)
    others = [number for number in range(len(ways)) if number != thumb]
    chains = {number: _phalanges(tree, hand, ways[number]) for number in others}
    names = dict(zip(_in_order(tree, ways, chains, thumb, back), FINGERS[1:], strict=False))
    if thumb is not None:
        chains[thumb], names[thumb] = list(ways[thumb][:LONGEST]), FINGERS[0]
    return {
        f"{names[number]}{joint}": [bone]
        for number, chain in chains.items()
        if number in names
        for joint, bone in enumerate(chain, start=1)
    }


def _thumb(tree: BoneTree, hand: int, ways: list[tuple[int, ...]]) -> int | None:
    """The finger that points farthest away from the others, if far enough."""
    if len(ways) < 2:
        return None
    tips = [unit(tree.points[way[-1]] - tree.points[hand]) for way in ways]
    apart = [
        float(np.arccos(np.clip(tip @ unit(sum(tips, np.zeros(3)) - tip), -1, 1))) for tip in tips
    ]
    widest = int(np.argmax(apart))
    return widest if apart[widest] > THUMB_ANGLE or len(ways) == len(FINGERS) else None


def _phalanges(tree: BoneTree, hand: int, way: tuple[int, ...]) -> list[int]:
    """The bones of a finger from the knuckle on."""
    starts = tree.distance(hand, way[0]) < IN_PALM * tree.distance(hand, way[1])
    is_metacarpal = starts and len(way) > LONGEST
    return list(way[1:] if is_metacarpal else way)[:LONGEST]


def _in_order(
    tree: BoneTree,
    ways: list[tuple[int, ...]],
    chains: dict[int, list[int]],
    thumb: int | None,
    back: float,
) -> list[int]:
    """From index to little finger: away from the thumb, or without one from front to back."""
    if thumb is None:
        return sorted(chains, key=lambda number: back * tree.points[chains[number][0], ALONG])
    base = ways[thumb][min(1, len(ways[thumb]) - 1)]
    return sorted(chains, key=lambda number: tree.distance(base, chains[number][0]))
