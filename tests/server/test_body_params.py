# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model_server.body_params import wxyz_from_matrix


def matrix_from_wxyz(q: NDArray[np.float64]) -> NDArray[np.float64]:
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_quaternions_turn_as_their_matrices(values: list[float]) -> None:
    matrix = matrix_from_wxyz(np.array(values) / np.linalg.norm(values))
    quaternion = wxyz_from_matrix(matrix[None].astype(np.float32))[0]
    assert quaternion[0] >= 0
    np.testing.assert_allclose(matrix_from_wxyz(quaternion.astype(np.float64)), matrix, atol=1e-5)


def test_half_turns_and_no_turn() -> None:
    matrices = np.array(
        [np.eye(3), np.diag([1, -1, -1]), np.diag([-1, 1, -1]), np.diag([-1, -1, 1])]
    )
    np.testing.assert_allclose(np.abs(wxyz_from_matrix(matrices)), np.eye(4), atol=1e-6)
