# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own body in the T-pose of an SMPL-X model: the same skin at any shape, ready to compare."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.bones import BodyBones, ReferenceBones, nearest_rotations
from model_server.smplx.joints import JOINTS, SMPL_FROM_BODY, leaders
from model_server.smplx.model import SmplxModel
from model_server.smplx.rotations import turn_between
from model_server.smplx.surface import OnSurface

Array = NDArray[np.float64]
Phenotypes = Mapping[str, float]

WEIGHT_UNIT: Final = 65535
ADULT: Final[Phenotypes] = {"age": 2 / 3}  # the rest in the middle
_SIDES: Final = (".L", ".R")
# Bones that a T-pose turns, from which to which joint they point, and who turns along with them.
_STRAIGHT: Final = (
    ("upperleg01", "lowerleg01"),
    ("lowerleg01", "foot"),
    ("upperarm01", "lowerarm01"),
    ("lowerarm01", "wrist"),
    *((f"finger{finger}-{n}", f"finger{finger}-{n + 1}") for finger in range(1, 6) for n in (1, 2)),
)
_KNUCKLES: Final = tuple(f"finger{finger}-1" for finger in (2, 3, 4, 5))
_TOES: Final = "toe3-1"


class OurBody:
    """The asset's shapes and skin, and its bones at any shape: body frame, metres."""

    def __init__(self, asset: Path) -> None:
        self.bones = BodyBones(asset)
        with np.load(asset, allow_pickle=False) as file:
            self.arrays = {name: file[name] for name in file.files if name != "meta"}
            self.meta: dict[str, Any] = json.loads(str(file["meta"]))
        self.bone_names: list[str] = self.meta["bone_names"]
        self.bone_parents: list[int] = self.meta["bone_parents"]
        self.template = self.arrays["template_vertices"].astype(np.float64)

    def skin_weights(self) -> Array:
        """(V, B) rows sum to 1."""
        bones, weights = self.arrays["weight_bones"], self.arrays["weights"]
        dense = np.zeros((len(bones), len(self.bone_names)))
        np.add.at(dense, (np.arange(len(bones))[:, None], bones), weights / WEIGHT_UNIT)
        return dense

    def shapes(self) -> Array:
        """(K, V, 3) at rest, of coefficients at 1."""
        steps = self.arrays["shape_vertices_step"][:, None, None]
        return self.arrays["shape_vertices"] * steps.astype(np.float64)

    def facial_offsets(self) -> Array:
        """(52, V, 3) at rest, of facial actions at 1."""
        steps = self.arrays["face_vertices_step"][:, None, None]
        return self.arrays["face_vertices"] * steps.astype(np.float64)

    def everywhere(self) -> OnSurface:
        """All vertices."""
        count = len(self.template)
        corners = np.tile(np.arange(count)[:, None], 3)
        return OnSurface(corners, np.tile([1.0, 0.0, 0.0], (count, 1)))


def turns_to_t_pose(body: OurBody, model: SmplxModel) -> Array:
    """Rotations (B, 3, 3) that bring our bones from the reference pose to how the model rests.

    Limbs and fingers point where the model's do, palms and feet face where its own do; the trunk
    and the head stand as upright in both.
    """
    at_rest = model.joint_regressor @ model.template @ SMPL_FROM_BODY
    place = {JOINTS[joint]: at_rest[joint] for joint in range(len(JOINTS))}
    target = {body.bone_names[bone]: place[JOINTS[j]] for j, bone in _known_leaders(body)}
    reference = body.bones.reference(ADULT)
    turns = np.tile(np.eye(3), (len(body.bone_names), 1, 1))
    ends = dict(_STRAIGHT)
    for bone, (name, parent) in enumerate(zip(body.bone_names, body.bone_parents, strict=True)):
        if parent >= 0:
            turns[bone] = turns[parent]
        kind, side = name[:-2], name[-2:]
        if side in _SIDES and kind in ends:
            end = ends[kind] + side
            own = turns[bone] @ (reference.head(end) - reference.head(name))
            turns[bone] = turn_between(own, target[end] - target[name]) @ turns[bone]
        elif side in _SIDES and kind == "wrist":
            turns[bone] = _palm_turn(reference, target, side)
        elif side in _SIDES and kind == "foot":
            turns[bone] = _foot_turn(reference, target, side)
    return turns


def _known_leaders(body: OurBody) -> list[tuple[int, int]]:
    """Joints and our bones that begin there; the jaw is no bone of ours."""
    names = [*body.bone_names, "jaw"]
    found = enumerate(leaders(names))
    return [(joint, int(bone)) for joint, bone in found if bone < len(body.bone_names)]


def _palm_turn(reference: ReferenceBones, target: Mapping[str, Array], side: str) -> Array:
    """What turns the lines from the wrist to four knuckles into those of the model."""
    wrist = f"wrist{side}"
    own = np.stack([reference.head(k + side) - reference.head(wrist) for k in _KNUCKLES])
    wanted = np.stack([target[k + side] - target[wrist] for k in _KNUCKLES])
    return nearest_rotations(wanted.T @ own)


def _foot_turn(reference: ReferenceBones, target: Mapping[str, Array], side: str) -> Array:
    """About the vertical alone: both stand on flat soles."""
    flat = np.array([1.0, 1.0, 0.0])
    own = reference.head(_TOES + side) - reference.head("foot" + side)
    return turn_between(own * flat, (target[_TOES + side] - target["foot" + side]) * flat)


class TPosed:
    """Points of our skin in the T-pose, at any shape: body frame, metres, the root at rest."""

    def __init__(self, body: OurBody, turns: Array, points: OnSurface) -> None:
        self._body, self._turns = body, turns
        self._template = points.of(body.template)
        steps = body.arrays["shape_vertices_step"]
        shapes = [
            points.of(shape * step)
            for shape, step in zip(body.arrays["shape_vertices"], steps, strict=True)
        ]
        self._shapes = np.stack(shapes).astype(np.float32)
        self._weights = points.of(body.skin_weights())

    def at(self, phenotypes: Phenotypes) -> tuple[Array, Array]:
        """Points (N, 3) and bones' heads (B, 3)."""
        reference = self._body.bones.reference(phenotypes)
        coefficients = self._body.bones.coefficients(phenotypes).astype(np.float32)
        rest = self._template + np.tensordot(coefficients, self._shapes, 1)
        heads = reference.heads.copy()
        for bone, parent in enumerate(self._body.bone_parents):
            if parent >= 0:
                offset = reference.heads[bone] - reference.heads[parent]
                heads[bone] = heads[parent] + self._turns[parent] @ offset
        turns = self._turns @ reference.turns
        shifts = heads - np.einsum("bij,bj->bi", turns, reference.rest_heads)
        blended = np.tensordot(self._weights, np.concatenate([turns, shifts[..., None]], 2), 1)
        points = np.einsum("nij,nj->ni", blended[..., :3], rest) + blended[..., 3]
        return points, heads
