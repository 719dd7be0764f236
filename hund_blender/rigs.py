# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs to choose from: the body's own bones, or fewer of them under the names of others.

The body's own are those of MakeHuman's default rig without the bones of its face, for which there
are shape keys. The rig of SMPL-X is for a body of its own, which has the same bones and a jaw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .body import WEIGHT_UNIT, Body, RestBody
from .errors import SceneError
from .rotations import nearest_rotations

Array = npt.NDArray[Any]

MAKEHUMAN: Final = "MAKEHUMAN"
MIXAMO: Final = "MIXAMO"
GAME_ENGINE: Final = "GAME_ENGINE"
SMPLX: Final = "SMPLX"
RIGS: Final = (MAKEHUMAN, MIXAMO, GAME_ENGINE)  # that every installation has
OUR_BODY, SMPLX_BODY = "anny", "smplx"

WITHOUT_SKIN: Final = 1e-9  # how much a bone's first turn counts: only where no skin tells

MIXAMO_SIDES: Final = {"": "", ".L": "Left", ".R": "Right"}
SMPLX_SIDES: Final = {"": "", ".L": "left_", ".R": "right_"}


class Merge(NamedTuple):
    """Bones that become one: it begins where the first does and, as a leaf, ends with the last."""

    bones: tuple[str, ...]
    mixamo: str
    game_engine: str
    smplx: str


TOES: Final = tuple(
    f"toe{toe}-{joint}" for toe in (1, 2, 4, 5, 3) for joint in (1, 2, 3) if (toe, joint) != (1, 3)
)
MIDDLE: Final = (
    Merge(("root", "pelvis.L", "pelvis.R", "spine05"), "Hips", "pelvis", "pelvis"),
    Merge(("spine04",), "Spine", "spine_01", "spine1"),
    Merge(("spine03",), "Spine1", "spine_02", "spine2"),
    Merge(("spine02", "spine01"), "Spine2", "spine_03", "spine3"),
    Merge(("neck01", "neck02", "neck03"), "Neck", "neck_01", "neck"),
    Merge(("head",), "Head", "head", "head"),
)
SIDED: Final = (
    Merge(("clavicle", "shoulder01"), "Shoulder", "clavicle", "collar"),
    Merge(("upperarm01", "upperarm02"), "Arm", "upperarm", "shoulder"),
    Merge(("lowerarm01", "lowerarm02"), "ForeArm", "lowerarm", "elbow"),
    Merge(
        ("wrist", "metacarpal1", "metacarpal2", "metacarpal3", "metacarpal4"),
        "Hand",
        "hand",
        "wrist",
    ),
    Merge(("upperleg01", "upperleg02"), "UpLeg", "thigh", "hip"),
    Merge(("lowerleg01", "lowerleg02"), "Leg", "calf", "knee"),
    Merge(("foot",), "Foot", "foot", "ankle"),
    Merge(("toe3-1", *TOES), "ToeBase", "ball", "foot"),
    Merge(("eye",), "Eye", "eye", "eye_smplhf"),
    *(
        Merge(
            (f"finger{number}-{joint}",),
            f"Hand{name}{joint}",
            f"{name.lower()}_0{joint}",
            f"{name.lower()}{joint}",
        )
        for number, name in enumerate(("Thumb", "Index", "Middle", "Ring", "Pinky"), start=1)
        for joint in (1, 2, 3)
    ),
)


@dataclass(frozen=True, eq=False)
class Rig:
    """The R bones of a rig and which of the body's B bones went into each."""

    key: str
    body: Body
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]  # -1 for the root, which comes first
    leaders: tuple[int, ...]  # (R,) the body's bone that each begins with and takes its axes from
    tips: tuple[int, ...]  # (R,) the body's bone that each ends with
    merged: Array  # (B,) the rig's bone that each of the body's went into

    def rest(self, rest: RestBody) -> RestBody:
        """A rest body with this rig's bones."""
        leaders, tips = list(self.leaders), list(self.tips)
        return RestBody(
            rest.vertices, rest.heads[leaders], rest.rotations[leaders], rest.tails[tips]
        )

    def posed(self, rest: RestBody, deforms: Array, heads: Array) -> tuple[Array, Array]:
        """Turns (..., R, 3, 3) away from rest, and heads (..., R, 3), by the body's B bones.

        From the root outward every bone turns so that its skin comes nearest to where the body's
        own bones carry it; only the root moves.
        """
        if self.is_the_bodys_own:
            return deforms, heads
        carried = _carried_skin(self.body, rest, deforms, heads)
        leaders = list(self.leaders)
        at_rest = rest.heads[leaders]
        turns, placed = deforms[..., leaders, :, :], heads[..., leaders, :]
        for bone, parent in enumerate(self.bone_parents):
            if parent >= 0:
                offset = at_rest[bone] - at_rest[parent]
                placed[..., bone, :] = placed[..., parent, :] + turns[..., parent, :, :] @ offset
            own = carried[..., self.merged == bone, :, :].sum(-3)
            spread = _about(own, placed[..., bone, :], at_rest[bone])
            turns[..., bone, :, :] = nearest_rotations(
                spread + WITHOUT_SKIN * turns[..., bone, :, :]
            )
        return turns, placed

    @property
    def is_the_bodys_own(self) -> bool:
        """Whether no bones were merged, so that every bone turns as the body's does."""
        return len(self.bone_names) == len(self.body.bone_names)

    @cached_property
    def weights(self) -> Array:
        """Skin weights (V, R), rows sum to 1."""
        bones, weights = self.body.arrays["weight_bones"], self.body.arrays["weights"]
        dense = np.zeros((len(bones), len(self.bone_names)))
        np.add.at(dense, (np.arange(len(bones))[:, None], self.merged[bones]), weights)
        return dense / WEIGHT_UNIT


def _carried_skin(body: Body, rest: RestBody, deforms: Array, heads: Array) -> Array:
    """Sums (..., B, 4, 4) of q pᵀ over each bone's skin, p at rest and q where the bone has it."""
    transforms = np.tile(np.eye(4), (*heads.shape[:-1], 1, 1))
    transforms[..., :3, :3] = deforms
    transforms[..., :3, 3] = heads - np.einsum("...bij,bj->...bi", deforms, rest.heads)
    carried: Array = transforms @ _skin_moments(body, rest)
    return carried


@lru_cache(maxsize=4)
def _skin_moments(body: Body, rest: RestBody) -> Array:
    """Corrections pose the same body again and again."""
    return body.skin_moments(rest.vertices)


def _about(sums: Array, head: Array, rest_head: Array) -> Array:
    """The sums (..., 4, 4) of q pᵀ as the (..., 3, 3) of (q - head) (p - rest_head)ᵀ."""
    from_head, from_rest = np.tile(np.eye(4), (*head.shape[:-1], 1, 1)), np.eye(4)
    from_head[..., :3, 3], from_rest[:3, 3] = -head, -rest_head
    moved: Array = (from_head @ sums @ from_rest.T)[..., :3, :3]
    return moved


def body_for(key: str) -> str:
    """Name of the body that a rig is for, by which the server knows it."""
    return SMPLX_BODY if key == SMPLX else OUR_BODY


@lru_cache(maxsize=8)
def rig_of(key: str, body: Body) -> Rig:
    """A rig for a body; its bones keep the order of the body's."""
    if body.rig != body_for(key):
        raise SceneError(f"The rig {key} is not for the body “{body.rig}”.", "Import it again.")
    groups = _groups(key, body.bone_names)
    index = {name: bone for bone, name in enumerate(body.bone_names)}
    names = sorted(groups, key=lambda name: index[groups[name][0]])
    merged = np.full(len(index), -1)
    for number, name in enumerate(names):
        merged[[index[bone] for bone in groups[name]]] = number
    leaders = tuple(index[groups[name][0]] for name in names)
    return Rig(
        key=key,
        body=body,
        bone_names=tuple(names),
        bone_parents=tuple(_parent(leader, body.bone_parents, merged) for leader in leaders),
        leaders=leaders,
        tips=tuple(index[groups[name][-1]] for name in names),
        merged=merged,
    )


def _parent(leader: int, parents: Sequence[int], merged: Array) -> int:
    return int(merged[parents[leader]]) if parents[leader] >= 0 else -1


def _groups(key: str, bone_names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """By name in the rig, which of the body's bones become that bone."""
    if key == MIXAMO:
        return _merged(_mixamo_name)
    if key == GAME_ENGINE:
        return _merged(_game_engine_name)
    if key == SMPLX:
        return _smplx_groups()
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


def _smplx_name(merge: Merge, side: str) -> str:
    return SMPLX_SIDES[side] + merge.smplx


def _smplx_groups() -> dict[str, tuple[str, ...]]:
    """The 55 joints, under a root that has no skin: our body turns about another point than the
    pelvis of SMPL-X.
    """
    groups = _merged(_smplx_name)
    root, *hips = groups["pelvis"]
    return {**groups, "root": (root,), "pelvis": tuple(hips), "jaw": ("jaw",)}
