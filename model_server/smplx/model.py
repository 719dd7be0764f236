# SPDX-License-Identifier: GPL-3.0-or-later
"""SMPL-X itself: shape, expression and pose to a skin, as its authors define it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.smplx.joints import PARENTS
from model_server.smplx.rotations import matrices_from_vectors

Array = NDArray[np.float64]

VERTICES, FACES = 10475, 20908
POSE_DIRECTIONS: Final = 9 * (len(PARENTS) - 1)


@dataclass(frozen=True, eq=False)
class SmplxModel:
    """A model file's arrays: metres, x to the person's left, y up, z ahead, in a T-pose."""

    template: Array  # (V, 3)
    shapes: Array  # (V, 3, S) by beta
    expressions: Array  # (V, 3, E) by coefficient
    pose_directions: Array  # (V, 3, 486) by entry of the rotations of joints 1…54
    joint_regressor: Array  # (55, V)
    weights: Array  # (V, 55) rows sum to 1, as far as 32 bits go
    faces: NDArray[np.intp]  # (F, 3)
    uvs: Array  # (T, 2)
    face_uvs: NDArray[np.intp]  # (F, 3)
    loaded_by: str = "our own reader"

    def rest(self, betas: Array, expression: Array) -> Array:
        """Vertices (V, 3) of a shape (S) or fewer, and expression (E) or fewer, in the T-pose."""
        shaped: Array = self.template + self.shapes[..., : len(betas)] @ betas
        return shaped + self.expressions[..., : len(expression)] @ expression

    def posed(
        self,
        betas: Array,
        expression: Array,
        vectors: Array,
        transl: Array,
    ) -> tuple[Array, Array]:
        """Vertices (V, 3) and joints (55, 3), metres, of rotation vectors (55, 3) in radians, each
        away from its parent, the first to the world; transl (3,) is added in the end.
        """
        rest = self.rest(betas, expression)
        at_rest = self.joint_regressor @ rest
        local = matrices_from_vectors(vectors)
        corrected = rest + self.pose_directions @ (local[1:] - np.eye(3)).ravel()
        turns, heads = forward(local, at_rest)
        shifts = heads - np.einsum("jik,jk->ji", turns, at_rest)
        blended = np.einsum("vj,jik->vik", self.weights, turns)
        vertices = np.einsum("vik,vk->vi", blended, corrected) + self.weights @ shifts
        return vertices + transl, heads + transl


def forward(local: Array, at_rest: Array) -> tuple[Array, Array]:
    """Turns (55, 3, 3) away from the T-pose and heads (55, 3) of joints at_rest (55, 3) that are
    turned away from their parents by local (55, 3, 3); the pelvis stays where it is.
    """
    turns, heads = local.copy(), at_rest.copy()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            heads[joint] = heads[parent] + turns[parent] @ (at_rest[joint] - at_rest[parent])
            turns[joint] = turns[parent] @ local[joint]
    return turns, heads
