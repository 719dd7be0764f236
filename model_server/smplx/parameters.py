# SPDX-License-Identifier: GPL-3.0-or-later
"""A person in SMPL-X's own parameters, from those of our body; and what was posed comes back.

Where several of our bones are one joint, that turns so that its skin comes nearest to where they
carry it, from the pelvis outward.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.body_params import BodyParams, matrices_from_wxyz
from model_server.bones import BodyBones, ReferenceBones, nearest_rotations
from model_server.smplx.faces import TURNING
from model_server.smplx.joints import (
    BODY_JOINTS,
    HANDS,
    JAW,
    LEFT_EYE,
    PARENTS,
    RIGHT_EYE,
    SMPL_FROM_BODY,
    joint_of_bones,
    leaders,
)
from model_server.smplx.our_body import WEIGHT_UNIT, OurBody
from model_server.smplx.rotations import matrices_from_vectors, vectors_from_matrices

Array = NDArray[np.float64]

_WITHOUT_SKIN: Final = 1e-9  # how much a bone's own turn counts: only where no skin tells


@dataclass(frozen=True, eq=False)
class SmplxParams:
    """What the `smplx` package's model takes, with flat hands and without hand components."""

    betas: Array  # (S,)
    vectors: Array  # (55, 3) radians, of each joint away from its parent, the first to the camera
    expression: Array  # (E,)
    transl: Array  # (3,) metres, camera frame

    def named(self) -> dict[str, Array]:
        """By the names of the package's arguments."""
        return {
            "betas": self.betas,
            "global_orient": self.vectors[0],
            "body_pose": self.vectors[1:BODY_JOINTS],
            "left_hand_pose": self.vectors[HANDS[0]],
            "right_hand_pose": self.vectors[HANDS[1]],
            "jaw_pose": self.vectors[JAW],
            "leye_pose": self.vectors[LEFT_EYE],
            "reye_pose": self.vectors[RIGHT_EYE],
            "expression": self.expression,
            "transl": self.transl,
        }


class SmplxTerms:
    """What an SMPL-X body asset says of people."""

    def __init__(self, asset: Path) -> None:
        body = OurBody(asset)
        self._bones: BodyBones = body.bones
        self._names, self._parents = body.bone_names, body.bone_parents
        self._leaders, self._joint_of = leaders(self._names), joint_of_bones(self._names)
        self._body, self._shapes = body, body.shapes()
        self._actions: list[str] = body.meta["facial_action_names"]
        self._expressions = body.arrays["face_expressions"].astype(np.float64)
        self._face_turns = body.arrays["face_turns_rad"].astype(np.float64)

    def of(self, person: BodyParams) -> SmplxParams:
        """Whoever is described by our parameters, in SMPL-X's; bones and actions it does not know
        are left out.
        """
        reference = self._bones.reference(person.phenotypes)
        deforms, heads = self._posed_bones(person, reference)
        betas = self._bones.coefficients(person.phenotypes)
        moments = _skin_moments(self._body, np.tensordot(betas, self._shapes, 1))
        turns, places = self._posed_joints(deforms, heads, reference.rest_heads, moments)
        actions = np.array([person.facial_actions.get(name, 0.0) for name in self._actions])
        local = turns.copy()
        local[1:] = turns[list(PARENTS[1:])].swapaxes(1, 2) @ turns[1:]
        face = matrices_from_vectors(np.tensordot(actions, self._face_turns, 1))
        local[list(TURNING)] = face @ local[list(TURNING)]
        cam_from_body = matrices_from_wxyz(np.array([person.root]))[0]
        local = SMPL_FROM_BODY @ local @ SMPL_FROM_BODY.T
        local[0] = cam_from_body @ turns[0] @ SMPL_FROM_BODY.T
        pelvis = cam_from_body @ (places[0] - heads[0]) + person.translation
        at_rest = SMPL_FROM_BODY @ reference.rest_heads[self._leaders[0]]
        return SmplxParams(
            betas=betas,
            vectors=vectors_from_matrices(local),
            expression=actions @ self._expressions,
            transl=pelvis - at_rest,
        )

    def _posed_bones(self, person: BodyParams, reference: ReferenceBones) -> tuple[Array, Array]:
        """Turns away from rest (B, 3, 3) and heads (B, 3), the root at rest."""
        known = [name for name in person.rotations if name in self._names]
        relative = np.tile(np.eye(3), (len(self._names), 1, 1))
        if known:
            places = [self._names.index(name) for name in known]
            told = np.array([person.rotations[name] for name in known])
            relative[places] = matrices_from_wxyz(told)
        turns, heads = relative.copy(), reference.heads.copy()
        turns[0] = np.eye(3)
        for bone, parent in enumerate(self._parents):
            if parent >= 0:
                offset = reference.heads[bone] - reference.heads[parent]
                heads[bone] = heads[parent] + turns[parent] @ offset
                turns[bone] = turns[parent] @ relative[bone]
        return turns @ reference.turns, heads

    def _posed_joints(
        self, deforms: Array, heads: Array, rest: Array, moments: Array
    ) -> tuple[Array, Array]:
        """Turns (55, 3, 3) and heads (55, 3) of the joints."""
        moved = np.tile(np.eye(4), (len(heads), 1, 1))
        moved[:, :3, :3] = deforms
        moved[:, :3, 3] = heads - np.einsum("bij,bj->bi", deforms, rest)
        carried = moved @ moments
        at_rest = rest[self._leaders]
        turns, places = deforms[self._leaders], np.empty_like(at_rest)
        places[0] = heads[0] + deforms[0] @ (at_rest[0] - rest[0])
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                places[joint] = places[parent] + turns[parent] @ (at_rest[joint] - at_rest[parent])
            own = carried[self._joint_of == joint].sum(0)
            spread = _about(own, places[joint], at_rest[joint])
            turns[joint] = nearest_rotations(spread + _WITHOUT_SKIN * turns[joint])
        return turns, places


def _skin_moments(body: OurBody, shape: Array) -> Array:
    """Sums (B, 4, 4) of p pᵀ over each bone's skin by weight, p = (x, y, z, 1) of a vertex that
    the shape (V, 3) moved.
    """
    bones, weights = body.arrays["weight_bones"].ravel(), body.arrays["weights"] / WEIGHT_UNIT
    points = np.concatenate([body.template + shape, np.ones((len(shape), 1))], 1)
    products = points[:, None, :, None] * points[:, None, None, :] * weights[:, :, None, None]
    sums = np.zeros((len(body.bone_names), 4, 4))
    np.add.at(sums, bones, products.reshape(-1, 4, 4))
    return sums


def _about(sums: Array, head: Array, rest_head: Array) -> Array:
    """The sums (4, 4) of q pᵀ as those (3, 3) of (q - head) (p - rest_head)ᵀ."""
    from_head, from_rest = np.eye(4), np.eye(4)
    from_head[:3, 3], from_rest[:3, 3] = -head, -rest_head
    return (from_head @ sums @ from_rest.T)[:3, :3]


@lru_cache(maxsize=1)
def smplx_terms(asset: Path) -> SmplxTerms:
    """Read once."""
    return SmplxTerms(asset)
