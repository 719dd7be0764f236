# SPDX-License-Identifier: GPL-3.0-or-later
"""The 70 points of SAM 3D Body, and where our own body has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import WEIGHT_UNIT, Body, RestBody
from ..retarget.turns import across, unit

Array = npt.NDArray[Any]

SIDES: Final = {"left": ".L", "right": ".R"}
FINGERS: Final = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}
# From a finger's tip to its root.
JOINTS: Final = ("tip", "first_joint", "second_joint", "third_joint")
COCO: Final = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
NAMES: Final = (
    *COCO,
    *(f"{side}_{part}" for side in SIDES for part in ("big_toe_tip", "small_toe_tip", "heel")),
    *(
        name
        for side in ("right", "left")
        for name in (*(f"{side}_{f}_{j}" for f in FINGERS for j in JOINTS), f"{side}_wrist")
    ),
    *(f"{side}_{p}" for p in ("olecranon", "cubital_fossa", "acromion") for side in SIDES),
    "neck",
)
ELBOW_M: Final = 0.08  # as near to the elbow is the skin of its back and of its fold
SHOULDER_M: Final = 0.05  # and so near to the vertical through the shoulder is its top

Skin = Mapping[int, float]  # weights by number of a vertex


@dataclass(frozen=True, eq=False)
class CarriedPoints:
    """How bones carry points: the sum over bones of turn · offset + share · head."""

    offsets: Array  # (P, B, 3) metres, in the axes of the body at rest, times the share
    shares: Array  # (P, B), rows sum to 1

    def placed(self, point: int, turns: Array, heads: Array) -> Array:
        """One point (F, 3) of a body whose bones turn so (F, B, 3, 3) from rest, with heads
        (F, B, 3), metres, all in one frame.
        """
        bones = np.flatnonzero(self.shares[point])
        turned = np.einsum("fbij,bj->fi", turns[:, bones], self.offsets[point, bones])
        moved = np.einsum("b,fbj->fj", self.shares[point, bones], heads[:, bones])
        return np.asarray(turned + moved)

    def all_placed(self, turns: Array, heads: Array) -> Array:
        """Likewise all points (F, 70, 3), in the order of NAMES."""
        return np.stack([self.placed(p, turns, heads) for p in range(len(NAMES))], 1)


def carried_points(body: Body, rest: RestBody) -> CarriedPoints:
    """All of NAMES on our body at rest (body frame, metres): COCO's landmarks, where bones begin
    and end, and skin at elbows and shoulders.
    """
    count, bones = len(NAMES), len(body.bone_names)
    points = CarriedPoints(np.zeros((count, bones, 3)), np.zeros((count, bones)))
    for row, name in enumerate(NAMES):
        found = _bone_end(name)
        if found is None:
            _add_skin(body, rest, points, row, _skin_of(body, rest, name))
            continue
        bone = body.bone_names.index(found[0])
        points.shares[row, bone] = 1.0
        if found[1]:
            points.offsets[row, bone] = rest.tails[bone] - rest.heads[bone]
    return points


def _bone_end(name: str) -> tuple[str, bool] | None:
    """The bone that begins there, or ends there (True); None for points of the skin."""
    if name == "neck":
        return "neck01", False
    side, _, part = name.partition("_")
    if part in ("big_toe_tip", "small_toe_tip"):
        return ("toe1-2" if part == "big_toe_tip" else "toe5-3") + SIDES[side], True
    finger, _, joint = part.partition("_")
    if finger not in FINGERS:
        return None
    number = len(JOINTS) - JOINTS.index(joint)  # 1 at the root
    is_tip = joint == JOINTS[0]
    return f"finger{FINGERS[finger]}-{3 if is_tip else number}{SIDES[side]}", is_tip


def _add_skin(body: Body, rest: RestBody, points: CarriedPoints, row: int, skin: Skin) -> None:
    for vertex, weight in skin.items():
        bones = body.arrays["weight_bones"][vertex]
        shares = weight * body.arrays["weights"][vertex] / WEIGHT_UNIT
        np.add.at(points.shares[row], bones, shares)
        offsets = shares[:, None] * (rest.vertices[vertex] - rest.heads[bones])
        np.add.at(points.offsets[row], bones, offsets)


def _skin_of(body: Body, rest: RestBody, name: str) -> Skin:
    side, _, part = name.partition("_")
    if part in ("olecranon", "cubital_fossa"):
        return {_at_elbow(body, rest, SIDES[side], 1.0 if part == "cubital_fossa" else -1.0): 1.0}
    if part == "acromion":
        away = rest.vertices - rest.heads[body.bone_names.index(f"upperarm01{SIDES[side]}")]
        over = np.linalg.norm(away[:, :2], axis=1) < SHOULDER_M
        return {int(np.argmax(np.where(over, away[:, 2], -np.inf))): 1.0}
    row = body.landmark_names.index(name if part == "heel" else f"coco:{name}")
    vertices = body.arrays["landmark_vertices"][row].tolist()
    return dict(zip(vertices, body.arrays["landmark_weights"][row].tolist(), strict=True))


def _at_elbow(body: Body, rest: RestBody, at: str, sign: float) -> int:
    """The vertex farthest to where the arm folds (1), or to its back (-1)."""
    upper, elbow, wrist = (
        rest.heads[body.bone_names.index(f"{name}{at}")]
        for name in ("upperarm01", "lowerarm01", "wrist")
    )
    axis = rest.rotations[body.bone_names.index(f"lowerarm01{at}")][:, 0]
    along = unit(unit(elbow - upper) + unit(wrist - elbow))
    away = rest.vertices - elbow
    ahead = sign * unit(np.cross(axis, along))
    beside = np.linalg.norm(across(away, ahead), axis=1)
    near = np.linalg.norm(away, axis=1) < ELBOW_M
    return int(np.argmax(np.where(near, away @ ahead - beside, -np.inf)))
