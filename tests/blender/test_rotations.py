# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hund_blender.axes import blender_from_cam, cam_from_blender, height_above
from hund_blender.rotations import (
    matrices_from_quaternions,
    nearest_rotations,
    quaternions_from_matrices,
)

numbers = st.floats(-1, 1, width=32)
quaternions = st.tuples(numbers, numbers, numbers, numbers).filter(
    lambda wxyz: np.linalg.norm(wxyz) > 1e-3
)


@given(quaternions)
def test_quaternion_to_matrix_and_back(wxyz: tuple[float, ...]) -> None:
    matrix = matrices_from_quaternions(np.array(wxyz))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    back = quaternions_from_matrices(matrix)
    np.testing.assert_allclose(matrices_from_quaternions(back), matrix, atol=1e-9)
    assert back[0] >= 0


def test_half_turns() -> None:
    for axis in np.eye(3):
        matrix = 2 * np.outer(axis, axis) - np.eye(3)
        np.testing.assert_allclose(np.abs(quaternions_from_matrices(matrix)), [0, *axis])


@given(quaternions, st.floats(0.1, 10))
def test_nearest_rotation_of_a_scaled_one_is_itself(wxyz: tuple[float, ...], scale: float) -> None:
    matrix = matrices_from_quaternions(np.array(wxyz))
    np.testing.assert_allclose(nearest_rotations(scale * matrix), matrix, atol=1e-9)


def test_nearest_rotation_is_never_a_mirror() -> None:
    np.testing.assert_allclose(np.linalg.det(nearest_rotations(np.diag([1.0, 1, -0.1]))), 1)


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_axes_there_and_back(point: tuple[float, ...], location: tuple[float, ...]) -> None:
    there = blender_from_cam(np.array(point), np.array(location))
    np.testing.assert_allclose(cam_from_blender(there, np.array(location)), point, atol=1e-6)


def test_axes_mean_what_they_say() -> None:
    camera = np.array([0.0, 0.0, 1.5])
    right, down, forward = blender_from_cam(np.eye(3), camera) - camera
    assert right.tolist() == [1, 0, 0]
    assert down.tolist() == [0, 0, -1]
    assert forward.tolist() == [0, 1, 0]
    assert height_above(np.array([0, 1.0, 0])) == -1
