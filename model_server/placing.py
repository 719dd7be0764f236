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
from model_server.bones import Array
from model_server.session import Evidence, Posed

_ROUNDS: Final = 5
_ROBUST: Final = 0.04  # of the person's extent: residuals beyond count linearly
_STIFFNESS: Final = 0.02  # how strongly the network's own depth is kept
_FARTHEST: Final = 0.4  # a move may change the distance by such a factor, not more


def placed(posed: Posed, evidence: Evidence, people: Iterable[int] | None = None) -> Posed:
    """Posed people, all or some, moved without turning anything onto the landmarks (B, 33) they
    explain.
    """
    rows = list(range(len(posed.translation)) if people is None else people)
    moves = np.zeros_like(posed.translation)
    if rows:
        away = evidence.landmarks_px[rows] - evidence.center_px[rows, None]
        tangents = away / evidence.focal_px[rows, None, None]
        moves[rows] = best_moves(posed.landmarks_cam[rows], tangents, evidence.visibility[rows])
    return replace(
        posed,
        translation=posed.translation + moves,
        keypoints_cam=posed.keypoints_cam + moves[:, None],
        landmarks_cam=posed.landmarks_cam + moves[:, None],
    )


def best_moves(points_cam: FloatArray, tangents: FloatArray, visibility: FloatArray) -> FloatArray:
    """How N people have to move, (N, 3) metres, for their points (N, 33, 3) to be where they are
    seen: at `tangents` (N, 33, 2), as far as they are visible (N, 33).
    """
    points, wanted = points_cam.astype(np.float64), tangents.astype(np.float64)
    trust = np.square(visibility.astype(np.float64))
    extent = np.maximum(np.sqrt(wanted.var(axis=1).mean(axis=1)), 1e-6)
    moves = np.zeros((len(points), 3))
    for _ in range(_ROUNDS):
        moves = _step(points, wanted, trust, extent, moves)
    limit = _FARTHEST * np.median(points[..., 2], axis=1)
    return np.where(np.abs(moves[:, 2:]) < limit[:, None], moves, 0).astype(np.float32)


def _step(points: Array, tangents: Array, trust: Array, extent: Array, moves: Array) -> Array:
    """One reweighted least-squares solution (N, 3)."""
    depth = np.maximum(points[..., 2] + moves[:, 2:], 0.1)
    rows = np.zeros((*depth.shape, 2, 3))  # of a miss by the move
    rows[..., 0, 0] = rows[..., 1, 1] = 1
    rows[..., 2] = -tangents
    rows /= depth[..., None, None]
    wanted = (tangents * points[..., 2:] - points[..., :2]) / depth[..., None]
    missing = (rows @ moves[:, None, :, None])[..., 0] - wanted
    miss = np.linalg.norm(missing, axis=2) / extent[:, None]
    weight = trust / np.maximum(miss / _ROBUST, 1.0)
    normal = np.einsum("nl,nlij,nlik->njk", weight, rows, rows)
    right = np.einsum("nl,nlij,nli->nj", weight, rows, wanted)
    distance = np.median(depth, axis=1)
    normal[:, 2, 2] += _STIFFNESS * weight.sum(axis=1) * np.square(extent / distance)
    return np.linalg.solve(normal + 1e-9 * np.eye(3), right[..., None])[..., 0]
