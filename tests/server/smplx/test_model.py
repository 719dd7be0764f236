# SPDX-License-Identifier: GPL-3.0-or-later
"""The formulas of SMPL-X: shape, expression, pose corrections, skinning."""

import numpy as np

from model_server.smplx.joints import JOINTS, PARENTS
from model_server.smplx.model import SmplxModel
from model_server.smplx.rotations import matrices_from_vectors, vectors_from_matrices

NOTHING = np.zeros((55, 3))


def test_without_a_pose_it_is_the_shape(model: SmplxModel) -> None:
    betas, expression, transl = np.array([1.0, -2.0]), np.array([0.5]), np.array([1.0, 2.0, 3.0])
    shaped = model.template + model.shapes[..., :2] @ betas + model.expressions[..., 0] * 0.5
    skin, joints = model.posed(betas, expression, NOTHING, transl)
    np.testing.assert_allclose(skin, shaped + transl, atol=1e-6)
    np.testing.assert_allclose(joints, model.joint_regressor @ shaped + transl, atol=1e-6)


def test_the_whole_turns_about_the_pelvis(model: SmplxModel) -> None:
    vectors = NOTHING.copy()
    vectors[0] = (0.3, -1.0, 0.2)
    skin, joints = model.posed(np.zeros(10), np.zeros(10), vectors, np.zeros(3))
    turn, pelvis = matrices_from_vectors(vectors[0]), model.joint_regressor[0] @ model.template
    np.testing.assert_allclose(joints[0], pelvis, atol=1e-6)
    np.testing.assert_allclose(skin, (model.template - pelvis) @ turn.T + pelvis, atol=1e-6)


def test_a_joint_moves_what_hangs_on_it(model: SmplxModel) -> None:
    vectors = NOTHING.copy()
    elbow = JOINTS.index("left_elbow")
    vectors[elbow] = (0.0, -1.2, 0.0)
    skin, joints = model.posed(np.zeros(10), np.zeros(10), vectors, np.zeros(3))
    at_rest = model.joint_regressor @ model.template
    moved = np.linalg.norm(joints - at_rest, axis=1) > 1e-6
    below = [joint for joint in range(55) if elbow in ancestors(joint)]
    assert set(np.flatnonzero(moved)) == set(below)
    hand = model.weights[:, JOINTS.index("left_wrist")] > 0.9
    assert np.linalg.norm(skin[hand] - model.template[hand], axis=1).min() > 0.1


def ancestors(joint: int) -> list[int]:
    return [] if PARENTS[joint] < 0 else [PARENTS[joint], *ancestors(PARENTS[joint])]


def test_vectors_and_matrices() -> None:
    vectors = np.random.default_rng(0).normal(size=(20, 3))
    vectors[0], vectors[1] = 0.0, (np.pi - 1e-3, 0.0, 0.0)
    there = matrices_from_vectors(vectors)
    np.testing.assert_allclose(
        there @ there.swapaxes(1, 2), np.tile(np.eye(3), (20, 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(
        matrices_from_vectors(vectors_from_matrices(there)), there, atol=1e-6
    )
