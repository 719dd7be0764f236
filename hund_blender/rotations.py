# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit quaternions (WXYZ) and rotation matrices on arrays with any leading shape."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def matrices_from_quaternions(wxyz: Array) -> Array:
    """Quaternions (..., 4), normalised here, to matrices (..., 3, 3)."""
    w, x, y, z = np.moveaxis(wxyz / np.linalg.norm(wxyz, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def quaternions_from_matrices(matrices: Array) -> Array:
    """Rotation matrices (..., 3, 3) to unit quaternions (..., 4) with w >= 0."""
    m = np.asarray(matrices)
    # Each column of this symmetric matrix is the quaternion times one of its own parts; the
    # largest is well conditioned.
    trace = np.trace(m, axis1=-2, axis2=-1)
    outer = np.empty((*m.shape[:-2], 4, 4))
    outer[..., 0, 0] = 1 + trace
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        outer[..., 0, i + 1] = outer[..., i + 1, 0] = m[..., k, j] - m[..., j, k]
        outer[..., i + 1, i + 1] = 1 + 2 * m[..., i, i] - trace
        outer[..., j + 1, k + 1] = outer[..., k + 1, j + 1] = m[..., j, k] + m[..., k, j]
    largest = np.argmax(np.einsum("...ii->...i", outer), axis=-1)
    picked = np.take_along_axis(outer, largest[..., None, None], -1)[..., 0]
    unit = picked / np.linalg.norm(picked, axis=-1, keepdims=True)
    return np.where(unit[..., :1] < 0, -unit, unit)


def nearest_rotations(matrices: Array) -> Array:
    """The rotations (..., 3, 3) nearest to matrices (..., 3, 3) in the Frobenius norm."""
    u, _, vt = np.linalg.svd(matrices)
    u[..., 2] *= np.linalg.det(u @ vt)[..., None]
    nearest: Array = u @ vt
    return nearest
