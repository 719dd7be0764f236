# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations as SMPL-X writes them: vectors along the axis, as long as the angle in radians."""

import numpy as np
from numpy.typing import NDArray

from model_server.body_params import wxyz_from_matrix

Array = NDArray[np.float64]

_NO_TURN: float = 1e-12


def matrices_from_vectors(vectors: Array) -> Array:
    """Rotation vectors (..., 3), radians, to matrices (..., 3, 3) on column vectors."""
    angles = np.linalg.norm(vectors, axis=-1)[..., None, None]
    cross = cross_matrices(vectors / np.maximum(angles[..., 0], _NO_TURN))
    turned: Array = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * cross @ cross
    return turned


def vectors_from_matrices(matrices: Array) -> Array:
    """Inverse of matrices_from_vectors, angles from 0 to pi."""
    flat = wxyz_from_matrix(matrices.reshape(-1, 3, 3)).astype(np.float64)
    length = np.linalg.norm(flat[:, 1:], axis=1, keepdims=True)
    angles = 2 * np.arctan2(length, flat[:, :1])
    vectors: Array = flat[:, 1:] / np.maximum(length, _NO_TURN) * angles
    return vectors.reshape(matrices.shape[:-1])


def cross_matrices(vectors: Array) -> Array:
    """Matrices (..., 3, 3) that do what the cross product with vectors (..., 3) does."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def turn_between(start: Array, end: Array) -> Array:
    """The smallest rotation (3, 3) that turns the direction start (3,) into that of end (3,)."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    axis, cosine = np.cross(a, b), float(a @ b)
    cross = cross_matrices(axis)
    turn: Array = np.eye(3) + cross + cross @ cross / max(1 + cosine, _NO_TURN)
    return turn
