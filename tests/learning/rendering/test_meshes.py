# SPDX-License-Identifier: GPL-3.0-or-later
"""Garment files, meshes and bindings, on shapes small enough to check by hand."""

import numpy as np
import pytest

from model_server.learning.rendering.garment_files import read_garment
from model_server.learning.rendering.mesh import (
    compact,
    connected_pieces,
    triangles_of_quads,
    vertex_normals,
)
from model_server.learning.rendering.wardrobe import Binding

CLOTH = """
# a comment
name scarf
obj_file scarf.obj
x_scale 0 1 2.0
y_scale 0 2 4.0
z_scale 0 3 1.0
verts 0
0 1 2 0.5 0.25 0.25 0.1 0.2 0.3
  4
5 6 7 1.0 0.0 0.0 0.0 0.0 0.0
1
delete_verts
3 5 - 7 9
"""
OBJ = """
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
vt 0.5 0.5
f 1/1 2/2 3/3 4/4
f 1/4 2/2 3/3
"""


@pytest.fixture
def scarf(tmp_path):
    (tmp_path / "scarf.obj").write_text(OBJ)
    path = tmp_path / "scarf.mhclo"
    path.write_text(CLOTH)
    return read_garment(path)


def test_a_garment_file_is_read_with_exact_and_mixed_vertices(scarf):
    assert scarf.base_ids.tolist() == [[0, 1, 2], [4, 4, 4], [5, 6, 7], [1, 1, 1]]
    assert scarf.base_weights[1].tolist() == [1, 0, 0]
    assert scarf.offsets_dm[0] == pytest.approx([0.1, 0.2, 0.3])
    assert scarf.scale_lengths_dm.tolist() == [2, 4, 1]


def test_hidden_ranges_include_both_ends(scarf):
    assert scarf.hidden_ids.tolist() == [3, 5, 6, 7, 9]


def test_a_vertex_is_a_render_corner_once_per_texture_coordinate(scarf):
    assert len(scarf.corner_vertices) == 5  # vertex 1 has two coordinates
    assert len(triangles_of_quads(scarf.quads)) == 3  # a quad and a triangle


def test_more_vertices_than_fits_is_an_error(tmp_path):
    (tmp_path / "scarf.obj").write_text(OBJ)
    path = tmp_path / "scarf.mhclo"
    path.write_text(CLOTH.replace("  4\n", ""))
    with pytest.raises(ValueError, match="4 vertices, 3 fitted"):
        read_garment(path)


def test_offsets_grow_with_the_body():
    body = np.array([[0, 0, 0], [2, 0, 0], [0, 4, 0], [0, 0, 1]], dtype=np.float32)
    binding = Binding(
        base_ids=np.array([[0, 1, 2]]),
        weights=np.array([[0.5, 0.5, 0.0]], dtype=np.float32),
        offsets=np.array([[0.1, 0.2, 0.3]], dtype=np.float32),
        scale_ids=np.array([[0, 1], [0, 2], [0, 3]]),
        scale_lengths=np.array([2.0, 4.0, 1.0], dtype=np.float32),
    )
    assert binding.fit(body)[0] == pytest.approx([1.1, 0.2, 0.3])
    assert binding.fit(2 * body)[0] == pytest.approx([2.2, 0.4, 0.6])


def test_points_bound_to_vertices_are_those_vertices():
    body = np.random.default_rng(0).random((6, 3), dtype=np.float32)
    ids = np.array([4, 1, 1])
    np.testing.assert_array_equal(Binding.to_vertices(ids).fit(body), body[ids])


def test_normals_point_out_of_counter_clockwise_quads():
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=np.float32)
    normals = vertex_normals(square, np.array([[0, 1, 2, 3]]))
    np.testing.assert_allclose(normals, [[0, 0, 1]] * 4)


def test_pieces_are_told_apart_and_meshes_made_compact():
    quads = np.array([[9, 8, 7, 6], [1, 2, 3, 4], [6, 7, 5, 5]])
    labels = connected_pieces(quads, 10)
    assert labels[[5, 6, 7, 8, 9]].tolist() == [5] * 5
    assert labels[[1, 2, 3, 4]].tolist() == [1] * 4
    used, renumbered = compact(quads)
    np.testing.assert_array_equal(used[renumbered], quads)
