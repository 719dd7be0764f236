# SPDX-License-Identifier: GPL-3.0-or-later
"""What bones are by how they hang together and lie, for rigs whose names tell nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .description import RigDescription
from .fingers import finger_chains
from .limbs import along_limb, arm_joints, hand_of, leg_joints, toes_of
from .slots import LEFT, RIGHT
from .tree import ACROSS, ALONG, UP, BoneTree, bone_tree

Array = npt.NDArray[Any]

ENOUGH_BONES: Final = 10
LEG_LENGTH: Final = 0.3  # of the height, at least
ARM_LENGTH: Final = 0.15
ON_FLOOR: Final = 0.15  # of the height: legs end so low
END_LIKE: Final = 1.3  # times as long as the steps before: the way from a head to its top


@dataclass
class Guess:
    """Bones by slot, by their names, and how sure each is, 0…1."""

    bones: dict[str, tuple[str, ...]] = field(default_factory=dict)
    confidences: dict[str, float] = field(default_factory=dict)


def guess(rig: RigDescription) -> Guess:
    """What the bones of a rig are; nothing where it is not like a human."""
    found = Guess()
    if len(rig.names) < ENOUGH_BONES:
        return found
    tree = bone_tree(rig)
    roots = _limb_roots(tree)
    legs = _legs(tree, roots)
    arms = _arms(tree, [root for root in roots if root != legs], legs)
    if legs is None or arms is None:
        return found
    left = _left_sign(tree, legs)
    for leg in (legs, tree.partners[legs]):
        _add_leg(tree, found, leg, LEFT if tree.ends[leg, ACROSS] * left > 0 else RIGHT)
    for arm in (arms, tree.partners[arms]):
        at = LEFT if tree.ends[arm, ACROSS] * left > 0 else RIGHT
        _add_arm(tree, found, arm, at, left)
    _add_trunk(tree, found, tree.parent(legs), tree.parent(arms))
    return found


def _limb_roots(tree: BoneTree) -> list[int]:
    """Bones on the positive side that hang on the trunk and have a partner."""
    return [
        bone
        for bone in tree.bones
        if tree.is_sided(bone)
        and tree.ends[bone, ACROSS] + tree.points[bone, ACROSS] > 0
        and tree.parent(bone) >= 0
        and not tree.is_sided(tree.parent(bone))
    ]


def _legs(tree: BoneTree, roots: list[int]) -> int | None:
    floor = tree.points[list(tree.bones), UP].min()
    low = [
        root
        for root in roots
        if tree.points[list(tree.subtree(root)), UP].min() < floor + ON_FLOOR * tree.height
        and tree.length_down(root) > LEG_LENGTH * tree.height
    ]
    return max(low, key=tree.length_down, default=None)


def _arms(tree: BoneTree, roots: list[int], legs: int | None) -> int | None:
    if legs is None:
        return None
    hips = tree.points[legs, UP]
    high = [
        root
        for root in roots
        if tree.points[root, UP] > hips and tree.length_down(root) > ARM_LENGTH * tree.height
    ]
    return max(high, key=tree.length_down, default=None)


def _left_sign(tree: BoneTree, leg: int) -> float:
    """1 where the body's left is on the positive side, and its back so along, else -1: feet point
    to the front.
    """
    way = tree.way_down(leg)
    joints = leg_joints(tree, way)
    ankle = way[joints.end]
    toe = tree.points[way[-1]] if joints.end + 1 < len(way) else tree.ends[ankle]
    # Left, back and up are right-handed, as across, along and up are.
    return 1.0 if toe[ALONG] < tree.points[ankle, ALONG] else -1.0


def _put(tree: BoneTree, found: Guess, slot: str, bones: Any, sure: float) -> None:
    names = tuple(tree.rig.names[bone] for bone in bones)
    if names:
        found.bones[slot] = names
        found.confidences[slot] = sure


def _add_leg(tree: BoneTree, found: Guess, root: int, at: str) -> None:
    way = tree.way_down(root)
    joints = leg_joints(tree, way)
    sure = float(np.exp(-joints.cost) * tree.symmetry)
    thigh, shin = way[joints.start : joints.middle], way[joints.middle : joints.end]
    foot = way[joints.end]
    _put(tree, found, "thigh" + at, thigh, sure)
    _put(tree, found, "shin" + at, shin, sure)
    _put(tree, found, "foot" + at, [foot], sure)
    _put(tree, found, "toes" + at, toes_of(tree, foot), sure)
    _put(tree, found, "thigh_twist" + at, along_limb(tree, thigh, shin[0]), sure)
    _put(tree, found, "shin_twist" + at, along_limb(tree, shin, foot), sure)


def _add_arm(tree: BoneTree, found: Guess, root: int, at: str, back: float) -> None:
    hand, way = hand_of(tree, root)
    joints = arm_joints(tree, way, known_hand=hand >= 0)
    sure = float(np.exp(-joints.cost) * tree.symmetry)
    upper, fore = way[joints.start : joints.middle], way[joints.middle : joints.end]
    _put(tree, found, "shoulder" + at, way[: min(joints.start, 1)], sure)
    _put(tree, found, "upper_arm" + at, upper, sure)
    _put(tree, found, "forearm" + at, fore, sure)
    _put(tree, found, "hand" + at, [way[joints.end]], sure)
    _put(tree, found, "upper_arm_twist" + at, along_limb(tree, upper, fore[0]), sure)
    _put(tree, found, "forearm_twist" + at, along_limb(tree, fore, way[joints.end]), sure)
    for slot, bones in finger_chains(tree, way[joints.end], back).items():
        _put(tree, found, slot + at, bones, sure)


def _add_trunk(tree: BoneTree, found: Guess, hips: int, chest: int) -> None:
    above = [chest, *tree.above(chest)]
    below = {hips, *tree.above(hips)}
    common = next((bone for bone in above if bone in below), hips)
    spine = above[: above.index(common)][::-1] if common in above else []
    _put(tree, found, "hips", [hips], tree.symmetry)
    if common not in (hips, chest):
        _put(tree, found, "center", [common], tree.symmetry)
    neck, head, more_spine = _neck_and_head(tree, chest)
    _put(tree, found, "spine", [*spine, *more_spine], tree.symmetry)
    _put(tree, found, "neck", neck, tree.symmetry)
    _put(tree, found, "head", head, tree.symmetry)


def _neck_and_head(tree: BoneTree, chest: int) -> tuple[list[int], list[int], list[int]]:
    """Neck, head, and what of the spine is above the bone that arms hang on."""
    way = _way_up(tree, chest)
    if not way:
        return [], [], []
    shoulders = max(
        (tree.ends[c, UP] for c in tree.children[chest] if tree.is_sided(c)), default=-np.inf
    )
    low = [bone for bone in way[:-2] if tree.points[bone, UP] < shoulders - 0.02 * tree.height]
    way = way[len(low) :]
    at = _head_place(tree, way)
    return way[:at], [way[at]], low


def _way_up(tree: BoneTree, chest: int) -> list[int]:
    """Bones of the trunk from the chest to the highest place."""
    way: list[int] = []
    bone = chest
    while True:
        nexts = [child for child in tree.children[bone] if not tree.is_sided(child)]
        nexts = [child for child in nexts if _top(tree, child) > tree.points[bone, UP]]
        if not nexts:
            return way
        bone = max(nexts, key=lambda child: _top(tree, child))
        way.append(bone)


def _top(tree: BoneTree, bone: int) -> float:
    bones = list(tree.subtree(bone))
    return float(max(tree.points[bones, UP].max(), tree.ends[bones, UP].max()))


def _head_place(tree: BoneTree, way: list[int]) -> int:
    """Which bone on the way from the chest up is the head: the one with eyes, ears or a jaw, else
    the last one that is not just the head's top.
    """
    branching = [place for place, bone in enumerate(way[:-1]) if len(tree.children[bone]) > 1]
    if branching:
        return branching[0]
    if len(way) < 3:
        return len(way) - 1
    steps = [tree.distance(a, b) for a, b in pairwise(way)]
    is_end = steps[-1] > END_LIKE * float(np.mean(steps[:-1]))
    return len(way) - 2 if is_end else len(way) - 1
