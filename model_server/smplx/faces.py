# SPDX-License-Identifier: GPL-3.0-or-later
"""Our facial actions in what SMPL-X has for a face: expressions, the jaw, and two eyes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.smplx.joints import JAW, JOINTS, LEFT_EYE, RIGHT_EYE, SMPL_FROM_BODY
from model_server.smplx.our_body import OurBody
from model_server.smplx.registration import Registration, in_body_frame
from model_server.smplx.rotations import cross_matrices, matrices_from_vectors

Array = NDArray[np.float64]

EXPRESSIONS: Final = 10  # that tools expect, of up to 100 that a file has
TURNING: Final = (JAW, LEFT_EYE, RIGHT_EYE)
_SHRINKAGE_M: Final = 0.0001  # so many metres of distance are as bad as one more of a coefficient
_SHRINKAGE_TURN_M: Final = 0.0003  # or as a radian


@dataclass(frozen=True, eq=False)
class Faces:
    """A actions at 1, in E expressions and the turns of jaw, left and right eye."""

    expressions: Array  # (A, E)
    turns_rad: Array  # (A, 3, 3) rotation vectors, body axes
    offsets: Array  # (A, V, 3) what both together do to the skin, metres, body frame
    directions: Array  # (E, V, 3) the expressions themselves


def fit_faces(body: OurBody, registration: Registration) -> Faces:
    """Regularised least squares over the skin of the head, by area."""
    model, points = registration.model, registration.points
    count = min(EXPRESSIONS, model.expressions.shape[2])
    directions = np.einsum("ji,vje->evi", SMPL_FROM_BODY, model.expressions[..., :count])
    wanted = np.stack([points.of(offset) for offset in body.facial_offsets()])
    arms = _arms(registration)
    axes = cross_matrices(np.eye(3))
    turning = np.einsum("aik,jvk->javi", axes, arms).reshape(-1, *arms.shape[1:])
    share = np.sqrt(registration.trust * _of_head(registration))[:, None]
    share = share / np.linalg.norm(share)
    rows = (np.concatenate([directions, turning]) * share).reshape(count + len(turning), -1)
    shrinkage = np.r_[np.full(count, _SHRINKAGE_M), np.full(len(turning), _SHRINKAGE_TURN_M)]
    normal = rows @ rows.T + np.diag(shrinkage**2)
    found = np.linalg.solve(normal, rows @ (wanted * share).reshape(len(wanted), -1).T).T
    expressions, turns = found[:, :count], found[:, count:].reshape(-1, len(TURNING), 3)
    away = matrices_from_vectors(turns) - np.eye(3)
    offsets = np.tensordot(expressions, directions, 1)
    offsets += np.einsum("mjik,jvk->mvi", away, arms)
    return Faces(expressions, turns, offsets, directions)


def _arms(registration: Registration) -> Array:
    """From jaw and eyes to the skin (3, V, 3), times how much of it they carry."""
    model = registration.model
    skin = in_body_frame(model.template)
    joints = in_body_frame(model.joint_regressor @ model.template)
    carried = [model.weights[:, joint, None] * (skin - joints[joint]) for joint in TURNING]
    return np.stack(carried)


def _of_head(registration: Registration) -> Array:
    """(V,) how much of the skin goes with the head."""
    head = [JOINTS.index("head"), *TURNING]
    share: Array = registration.model.weights[:, head].sum(1)
    return share
