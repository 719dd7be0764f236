# SPDX-License-Identifier: GPL-3.0-or-later
"""Closest points on triangles, against trying very many points."""

import numpy as np
import pytest

from model_server.smplx.surface import (
    nearest_vertices,
    on_triangles_at,
    surface_distances,
    triangles,
)

TETRAHEDRON = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
SIDES = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])


def test_two_triangles_for_a_quad() -> None:
    quads = np.array([[4, 5, 6, 7]], np.uint16)
    assert triangles(quads).tolist() == [[4, 5, 6], [4, 6, 7]]


@pytest.mark.parametrize("seed", range(3))
def test_the_closest_place_is_closer_than_any_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(0.3, 1.0, (40, 3))
    near = nearest_vertices(points, TETRAHEDRON)
    place = on_triangles_at(points, TETRAHEDRON, SIDES, near)
    assert place.shares.min() > -1e-9
    np.testing.assert_allclose(place.shares.sum(1), 1)
    away = np.linalg.norm(points - place.of(TETRAHEDRON), axis=1)
    shares = rng.dirichlet(np.ones(3), 4000)
    for point, vertex, distance in zip(points, near, away, strict=True):
        own = SIDES[(vertex == SIDES).any(1)]
        tried = np.einsum("nc,fci->fni", shares, TETRAHEDRON[own])
        assert distance <= np.linalg.norm(tried - point, axis=2).min() + 1e-9


def test_points_on_a_surface_are_no_way_off() -> None:
    inside = np.array([0.8, 0.1, 0.1]) @ TETRAHEDRON[SIDES]
    np.testing.assert_allclose(surface_distances(inside, TETRAHEDRON, SIDES), 0, atol=1e-12)
