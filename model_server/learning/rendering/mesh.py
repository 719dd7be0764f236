# SPDX-License-Identifier: GPL-3.0-or-later
"""Small mesh operations on arrays: triangles, normals, connected pieces."""

from __future__ import annotations

import numpy as np


def triangles_of_quads(quads: np.ndarray) -> np.ndarray:
    """(F, 4) quads -> (T, 3) triangles; quads that repeat their third corner give one triangle."""
    first, second = quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]
    real = second[:, 1] != second[:, 2]
    return np.concatenate([first, second[real]]).astype(np.int32)


def vertex_normals(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals (V, 3); zero-area neighbourhoods give zeros."""
    corners = vertices[quads]
    face_normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normals = np.zeros_like(vertices)
    np.add.at(normals, quads.ravel(), np.repeat(face_normals, 4, axis=0))
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.maximum(length, 1e-12)


def connected_pieces(quads: np.ndarray, vertex_count: int) -> np.ndarray:
    """Label (V,) of the connected piece each vertex belongs to: the piece's lowest vertex."""
    labels = np.arange(vertex_count)
    while True:
        lowest = labels[quads].min(axis=1)
        merged = labels.copy()
        np.minimum.at(merged, quads.ravel(), np.repeat(lowest, 4))
        merged = merged[merged]
        if np.array_equal(merged, labels):
            return labels
        labels = merged


def compact(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vertices that `quads` use (U,), and the quads renumbered into them."""
    used, renumbered = np.unique(quads, return_inverse=True)
    return used, renumbered.reshape(quads.shape).astype(np.int32)
