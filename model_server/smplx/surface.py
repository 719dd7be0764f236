# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of one surface on another one: which triangle they lie on, and where in it."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

_CHUNK: Final = 1024  # points at once, which keeps memory flat


@dataclass(frozen=True, eq=False)
class OnSurface:
    """N points of a surface as weighted means of three of its vertices."""

    corners: Indices  # (N, 3)
    shares: Array  # (N, 3) rows sum to 1

    def of(self, values: NDArray[Any]) -> Array:
        """What vertices (V, ...) have, at the points (N, ...)."""
        mixed: Array = np.einsum("nc,nc...->n...", self.shares, values[self.corners])
        return mixed

    @classmethod
    def nowhere(cls) -> "OnSurface":
        """No points."""
        return cls(np.zeros((0, 3), np.intp), np.zeros((0, 3)))

    def at(self, which: Indices) -> "OnSurface":
        """Some of the points."""
        return OnSurface(self.corners[which], self.shares[which])


def triangles(quads: NDArray[np.integer[Any]]) -> Indices:
    """Two triangles (2F, 3) for every quad (F, 4)."""
    faces = quads.astype(np.intp)
    return np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])


def normals_and_areas(vertices: Array, faces: Indices) -> tuple[Array, Array]:
    """Of vertices (V, 3): unit normals (V, 3), and the area (V,) of the surface round each."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    sums, areas = np.zeros_like(vertices), np.zeros(len(vertices))
    for corner in range(3):
        np.add.at(sums, faces[:, corner], across)
        np.add.at(areas, faces[:, corner], np.linalg.norm(across, axis=1) / 6)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-20), areas


def nearest_vertices(points: Array, vertices: Array) -> Indices:
    """By point (N, D), the nearest vertex of (V, D); coordinates may be more than three."""
    nearest = np.empty(len(points), np.intp)
    targets = vertices.astype(np.float32)
    lengths = np.square(targets).sum(1)
    for start in range(0, len(points), _CHUNK):
        part = points[start : start + _CHUNK].astype(np.float32)
        nearest[start : start + _CHUNK] = (lengths - 2 * part @ targets.T).argmin(1)
    return nearest


def on_triangles_at(points: Array, vertices: Array, faces: Indices, near: Indices) -> OnSurface:
    """The closest place to each point (N, 3) on the triangles that meet at its vertex near (N,)."""
    order = np.argsort(faces.ravel(), kind="stable")
    sorted_corners = faces.ravel()[order]
    starts = np.searchsorted(sorted_corners, near)
    counts = np.searchsorted(sorted_corners, near, side="right") - starts
    best = np.full(len(points), np.inf)
    corners, shares = np.tile(near[:, None], 3), np.tile([1.0, 0.0, 0.0], (len(points), 1))
    for number in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > number)
        own = faces[order[starts[rows] + number] // 3]
        found = _shares(points[rows], vertices[own])
        away = np.linalg.norm(points[rows] - np.einsum("nc,nci->ni", found, vertices[own]), axis=1)
        better = away < best[rows]
        chosen = rows[better]
        best[chosen] = away[better]
        corners[chosen], shares[chosen] = own[better], found[better]
    return OnSurface(corners, shares)


def _shares(points: Array, corners: Array) -> Array:
    """Weights (N, 3) of the corners (N, 3, 3) at the point of each triangle nearest to (N, 3)."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    inside = _inside(points, a, b - a, c - a)
    tries = [inside, *(_on_edge(points, corners, edge) for edge in range(3))]
    away = [
        np.linalg.norm(points - np.einsum("nc,nci->ni", each, corners), axis=1) for each in tries
    ]
    away[0] = np.where((inside >= 0).all(1), away[0], np.inf)
    chosen = np.argmin(away, axis=0)
    return np.stack(tries)[chosen, np.arange(len(points))]


def _inside(points: Array, a: Array, u: Array, v: Array) -> Array:
    """Of the plane's point below each point; negative weights where that is outside."""
    w = points - a
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    wu, wv = (w * u).sum(1), (w * v).sum(1)
    scale = np.maximum(uu * vv - uv * uv, 1e-30)
    second, third = (vv * wu - uv * wv) / scale, (uu * wv - uv * wu) / scale
    return np.stack([1 - second - third, second, third], 1)


def _on_edge(points: Array, corners: Array, edge: int) -> Array:
    start, end = corners[:, edge], corners[:, (edge + 1) % 3]
    along = end - start
    length = np.maximum(np.square(along).sum(1), 1e-30)
    share = (((points - start) * along).sum(1) / length).clip(0, 1)
    weights = np.zeros((len(points), 3))
    weights[:, edge], weights[:, (edge + 1) % 3] = 1 - share, share
    return weights


def surface_distances(points: Array, vertices: Array, faces: Indices) -> Array:
    """How far (N,) points (N, 3) are from a surface, by the triangles at the nearest vertex."""
    place = on_triangles_at(points, vertices, faces, nearest_vertices(points, vertices))
    return np.linalg.norm(points - place.of(vertices), axis=1)
