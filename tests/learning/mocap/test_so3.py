# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.learning.mocap import so3


@pytest.fixture
def turns() -> np.ndarray:
    rng = np.random.default_rng(0)
    some = rng.normal(size=(200, 3))
    half_turns = np.pi * np.eye(3)
    return np.concatenate([some / 2, half_turns * 0.999999, np.zeros((1, 3)), 1e-9 * half_turns])


def test_rotation_vectors_and_quaternions_come_back(turns: np.ndarray) -> None:
    matrices = so3.from_rotvec(turns)
    np.testing.assert_allclose(
        so3.from_quaternion(so3.to_quaternion(matrices)), matrices, atol=1e-9
    )
    np.testing.assert_allclose(so3.to_rotvec(matrices), turns, atol=1e-7)


def test_half_way_twice_is_all_the_way(turns: np.ndarray) -> None:
    half = so3.power(so3.from_rotvec(turns), 0.5)
    np.testing.assert_allclose(half @ half, so3.from_rotvec(turns), atol=1e-9)


def test_twist_is_found_below_a_swing() -> None:
    axis = np.array([0.0, 0.6, 0.8])
    swing = so3.about(np.array([1.0, 0.0, 0.0]), np.array([0.7]))
    angle = np.array([-1.1])
    np.testing.assert_allclose(
        so3.twist_angle(so3.about(axis, angle) @ swing, axis), angle, atol=1e-9
    )


def test_frames_are_right_handed() -> None:
    frame = so3.frame(np.array([0.0, 0.0, 2.0]), np.array([1.0, 0.0, 5.0]))
    np.testing.assert_allclose(frame, [[0, 1, 0], [0, 0, 1], [1, 0, 0]], atol=1e-12)
