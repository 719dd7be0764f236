# SPDX-License-Identifier: GPL-3.0-or-later
"""How bones are drawn and turned: toward the main child, bending about local X, mirrored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .body import RestBody
from .rigs import Rig

Array = npt.NDArray[Any]

SHORTEST_M: Final = 0.002  # Blender drops bones without length
SHORT_ROOT_M: Final = 0.1
STRAIGHT_ON_COS: Final = 0.8  # a child this much in line with its parent is the one it points to

# The first pattern that a bone's name begins with names its collection.
COLLECTION_PATTERNS: Final[tuple[tuple[str, str], ...]] = (
    (r"root", "Root"),
    (r"spine|pelvis", "Spine"),
    (r"neck|head|eye|jaw", "Head"),
    (r"finger|metacarpal", "Fingers"),
    (r"toe", "Toes"),
    (r"clavicle|shoulder|upperarm|lowerarm|wrist", "Arms"),
    (r"upperleg|lowerleg|foot", "Legs"),
)
SIDED_COLLECTIONS: Final = frozenset({"Fingers", "Toes", "Arms", "Legs"})


@dataclass(frozen=True, eq=False)
class DrawnBones:
    """A rig's bones at rest as Blender shall show them, in armature space."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    joined: tuple[bool, ...]  # to the parent's tail
    collections: tuple[str, ...]
    heads: Array  # (R, 3)
    tails: Array  # (R, 3)
    frames: Array  # (R, 4, 4)


def drawn_bones(rig: Rig, rest: RestBody) -> DrawnBones:
    """The bones for one shape; which child a bone points to is the same for all shapes."""
    own, parents = rig.rest(rest), rig.bone_parents
    children = main_children(rig.rest(rig.body.average), parents)
    tails = drawn_tails(own, children)
    joined = [parent > 0 and children[parent] == bone for bone, parent in enumerate(parents)]
    return DrawnBones(
        names=rig.bone_names,
        parents=parents,
        joined=tuple(joined),
        collections=tuple(collection_of(rig.body.bone_names[leader]) for leader in rig.leaders),
        heads=own.heads,
        tails=tails,
        frames=bone_frames(own, tails),
    )


def collection_of(bone_name: str) -> str:
    """Name of the bone collection of a bone, such as Arms.L."""
    for pattern, name in COLLECTION_PATTERNS:
        if re.match(pattern, bone_name):
            return name + bone_name[-2:] if name in SIDED_COLLECTIONS else name
    return "Other"


def main_children(rest: RestBody, parents: Sequence[int]) -> list[int]:
    """For every bone the child that it points to, -1 for none."""
    children: list[int] = []
    for bone in range(len(parents)):
        mine = [child for child, parent in enumerate(parents) if parent == bone]
        lines = [rest.heads[child] - rest.heads[bone] for child in mine]
        cosines = [_cosine(line, rest.rotations[bone][:, 1]) for line in lines]
        best = int(np.argmax(cosines)) if cosines else -1
        children.append(mine[best] if cosines and cosines[best] > STRAIGHT_ON_COS else -1)
    return children


def _cosine(line: Array, direction: Array) -> float:
    length = float(np.linalg.norm(line))
    return float(line @ direction) / length if length > SHORTEST_M else -1.0


def drawn_tails(rest: RestBody, children: Sequence[int]) -> Array:
    """Ends (B, 3) of the bones: the main child's head, or the asset's tail without one."""
    tails = rest.tails.copy()
    for bone, child in enumerate(children):
        if child >= 0:
            tails[bone] = rest.heads[child]
    tails[0] = rest.heads[0] + SHORT_ROOT_M * rest.rotations[0][:, 1]
    return _not_too_short(rest, tails)


def _not_too_short(rest: RestBody, tails: Array) -> Array:
    lengths = np.linalg.norm(tails - rest.heads, axis=1, keepdims=True)
    return np.where(lengths > SHORTEST_M, tails, rest.heads + SHORTEST_M * rest.rotations[:, :, 1])


def bone_frames(rest: RestBody, tails: Array) -> Array:
    """Rest frames (B, 4, 4): Y from head to tail (B, 3), X next to the axis the joint bends about.

    The asset's rest rotations have that axis as X, with one sign left and right, so that a turn by
    +X bends elbows, knees and fingers; only their Y is not exactly along the drawn bone.
    """
    y = tails - rest.heads
    y = y / np.linalg.norm(y, axis=1, keepdims=True)
    x = rest.rotations[:, :, 0] - y * np.einsum("bi,bi->b", y, rest.rotations[:, :, 0])[:, None]
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    frames = np.tile(np.eye(4), (len(tails), 1, 1))
    frames[:, :3, 0], frames[:, :3, 1], frames[:, :3, 2] = x, y, np.cross(x, y)
    frames[:, :3, 3] = rest.heads
    return frames
