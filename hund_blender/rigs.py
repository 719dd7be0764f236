# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs to choose from: the body's own bones, or fewer of them under the names of others.

The body's own are those of MakeHuman's default rig without the bones of its face, for which there
are shape keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .body import WEIGHT_UNIT, Body, PosedBody, RestBody
from .rotations import nearest_rotations

Array = npt.NDArray[Any]

MAKEHUMAN: Final = "MAKEHUMAN"
MIXAMO: Final = "MIXAMO"
GAME_ENGINE: Final = "GAME_ENGINE"

MIXAMO_SIDES: Final = {"": "", ".L": "Left", ".R": "Right"}


class Merge(NamedTuple):
    """Bones that become one: it begins where the first does and, as a leaf, ends with the last."""

    bones: tuple[str, ...]
    mixamo: str
    game_engine: str


TOES: Final = tuple(
    f"toe{toe}-{joint}" for toe in (1, 2, 4, 5, 3) for joint in (1, 2, 3) if (toe, joint) != (1, 3)
)
MIDDLE: Final = (
    Merge(("root", "pelvis.L", "pelvis.R", "spine05"), "Hips", "pelvis"),
    Merge(("spine04",), "Spine", "spine_01"),
    Merge(("spine03",), "Spine1", "spine_02"),
    Merge(("spine02", "spine01"), "Spine2", "spine_03"),
    Merge(("neck01", "neck02", "neck03"), "Neck", "neck_01"),
    Merge(("head",), "Head", "head"),
)
SIDED: Final = (
    Merge(("clavicle", "shoulder01"), "Shoulder", "clavicle"),
    Merge(("upperarm01", "upperarm02"), "Arm", "upperarm"),
    Merge(("lowerarm01", "lowerarm02"), "ForeArm", "lowerarm"),
    Merge(("wrist", "metacarpal1", "metacarpal2", "metacarpal3", "metacarpal4"), "Hand", "hand"),
    Merge(("upperleg01", "upperleg02"), "UpLeg", "thigh"),
    Merge(("lowerleg01", "lowerleg02"), "Leg", "calf"),
    Merge(("foot",), "Foot", "foot"),
    Merge(("toe3-1", *TOES), "ToeBase", "ball"),
    Merge(("eye",), "Eye", "eye"),
    *(
        Merge((f"finger{number}-{joint}",), f"Hand{name}{joint}", f"{name.lower()}_0{joint}")
        for number, name in enumerate(("Thumb", "Index", "Middle", "Ring", "Pinky"), start=1)
        for joint in (1, 2, 3)
    ),
)


@dataclass(frozen=True, eq=False)
class Rig:
    """The R bones of a rig and which of the body's B bones went into each."""

    key: str
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]  # -1 for the root, which comes first
    leaders: tuple[int, ...]  # (R,) the body's bone that each begins with and takes its axes from
    tips: tuple[int, ...]  # (R,) the body's bone that each ends with
    merged: Array  # (B,) the rig's bone that each of the body's went into
    masses: Array  # (B,) skin on the body's bones

    def rest(self, rest: RestBody) -> RestBody:
        """A rest body with this rig's bones."""
        heads, leaders = rest.heads[list(self.leaders)], list(self.leaders)
        tails = rest.tails[list(self.tips)]
        return RestBody(rest.vertices, heads, rest.rotations[leaders], tails)

    def posed(self, rest: RestBody, posed: PosedBody) -> tuple[Array, Array]:
        """Turns (R, 3, 3) away from this rig's rest, and heads (R, 3), of a body's pose.

        What was merged turns as its skin does on average, and stays at its parent.
        """
        deforms = self._averaged(posed.bone_deforms)
        rest_heads, heads = rest.heads[list(self.leaders)], np.empty((len(self.leaders), 3))
        heads[0] = posed.heads[self.leaders[0]]
        for bone, parent in enumerate(self.bone_parents[1:], start=1):
            offset = rest_heads[bone] - rest_heads[parent]
            heads[bone] = heads[parent] + deforms[parent] @ offset
        return deforms, heads

    def _averaged(self, deforms: Array) -> Array:
        sums = np.zeros((len(self.bone_names), 3, 3))
        # Bones without skin still count where nothing else does.
        np.add.at(sums, self.merged, (self.masses[:, None, None] + 1e-3) * deforms)
        return nearest_rotations(sums)

    def weights(self, body: Body) -> Array:
        """Skin weights (V, R), rows sum to 1."""
        bones, weights = body.arrays["weight_bones"], body.arrays["weights"]
        dense = np.zeros((len(bones), len(self.bone_names)))
        np.add.at(dense, (np.arange(len(bones))[:, None], self.merged[bones]), weights)
        return dense / WEIGHT_UNIT


def rig_of(key: str, body: Body) -> Rig:
    """A rig for a body; its bones keep the order of the body's."""
    groups = _groups(key, body.bone_names)
    index = {name: bone for bone, name in enumerate(body.bone_names)}
    names = sorted(groups, key=lambda name: index[groups[name][0]])
    merged = np.full(len(index), -1)
    for number, name in enumerate(names):
        merged[[index[bone] for bone in groups[name]]] = number
    leaders = tuple(index[groups[name][0]] for name in names)
    return Rig(
        key=key,
        bone_names=tuple(names),
        bone_parents=tuple(_parent(leader, body.bone_parents, merged) for leader in leaders),
        leaders=leaders,
        tips=tuple(index[groups[name][-1]] for name in names),
        merged=merged,
        masses=body.bone_masses,
    )


def _parent(leader: int, parents: Sequence[int], merged: Array) -> int:
    return int(merged[parents[leader]]) if parents[leader] >= 0 else -1


def _groups(key: str, bone_names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """By name in the rig, which of the body's bones become that bone."""
    if key == MIXAMO:
        return _merged(_mixamo_name)
    if key == GAME_ENGINE:
        return _merged(_game_engine_name)
    return {name: (name,) for name in bone_names}


def _merged(name_of: Callable[[Merge, str], str]) -> dict[str, tuple[str, ...]]:
    middle = {name_of(merge, ""): merge.bones for merge in MIDDLE}
    sided = {
        name_of(merge, side): tuple(bone + side for bone in merge.bones)
        for side in (".L", ".R")
        for merge in SIDED
    }
    return middle | sided


def _mixamo_name(merge: Merge, side: str) -> str:
    return f"mixamorig:{MIXAMO_SIDES[side]}{merge.mixamo}"


def _game_engine_name(merge: Merge, side: str) -> str:
    return merge.game_engine + side.lower().replace(".", "_")
