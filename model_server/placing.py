# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of the descent in closed form: move posed people to where they project best.

Given a pose, the reprojection error divided by depth is linear in the position, so three numbers
per person follow from small least-squares problems, without gradients. The network has placed
people already; this takes out what is left, which shows most in portraits.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.session import Evidence, Posed

_ROUNDS: Final = 5
_ROBUST: Final = 0.04  # of the person's extent: residuals beyond count linearly
_STIFFNESS: Final = 0.02  # how strongly the network's own depth is kept
_FARTHEST: Final = 0.4  # a move may change the distance by such a factor, not more


def placed(posed: Posed, evidence: Evidence, people: Iterable[int] | None = None) -> Posed:
    """Posed people, all or some, moved without turning anything onto the landmarks (B, 33) they
    explain.
    """
    moves = np.zeros_like(posed.translation)
    for person in range(len(moves)) if people is None else people:
        moves[person] = _move(posed, evidence, person)
    return replace(
        posed,
        translation=posed.translation + moves,
        keypoints_cam=posed.keypoints_cam + moves[:, None],
        landmarks_cam=posed.landmarks_cam + moves[:, None],
    )


def _move(posed: Posed, evidence: Evidence, person: int) -> FloatArray:
    """The best translation (3,) of one person, metres, camera frame."""
    points = posed.landmarks_cam[person].astype(np.float64)
    tangents = (evidence.landmarks_px[person] - evidence.center_px[person]).astype(np.float64)
    tangents /= evidence.focal_px[person]
    trust = np.square(evidence.visibility[person].astype(np.float64))
    extent = max(float(np.sqrt(np.average(tangents.var(axis=0), axis=0))), 1e-6)
    move = np.zeros(3, np.float32)
    for _ in range(_ROUNDS):
        move = _step(points, tangents, trust, extent, move)
    limit = _FARTHEST * float(np.median(points[:, 2]))
    return (move if abs(move[2]) < limit else np.zeros(3)).astype(np.float32)


def _step(
    points: FloatArray, tangents: FloatArray, trust: FloatArray, extent: float, move: FloatArray
) -> FloatArray:
    """One reweighted least-squares solution (3,) for points (33, 3) seen at tangents (33, 2)."""
    depth = np.maximum(points[:, 2] + move[2], 0.1)
    ones, zeros = np.ones_like(depth), np.zeros_like(depth)
    rows = (
        np.stack(
            [
                np.stack([ones, zeros, -tangents[:, 0]], 1),
                np.stack([zeros, ones, -tangents[:, 1]], 1),
            ],
            1,
        )
        / depth[:, None, None]
    )  # (33, 2, 3)
    wanted = (tangents * points[:, 2:] - points[:, :2]) / depth[:, None]
    miss = np.linalg.norm(rows @ move - wanted, axis=1) / extent
    weight = trust / np.maximum(miss / _ROBUST, 1.0)
    normal = np.einsum("l,lij,lik->jk", weight, rows, rows)
    right = np.einsum("l,lij,li->j", weight, rows, wanted)
    distance = float(np.median(depth))
    normal[2, 2] += _STIFFNESS * weight.sum() * (extent / distance) ** 2
    return np.linalg.solve(normal + 1e-9 * np.eye(3), right).astype(np.float32)
