# SPDX-License-Identifier: GPL-3.0-or-later
"""The formulas of SMPL-X: shape, expression, pose corrections, skinning."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_server.smplx.joints import JOINTS, PARENTS
from model_server.smplx.model import SmplxModel
from model_server.smplx.rotations import matrices_from_vectors, vectors_from_matrices

NOTHING = np.zeros((55, 3))


def test_without_a_pose_it_is_the_shape(model: SmplxModel) -> None:
    betas, expression, transl = np.array([1.0, -2.0]), np.array([0.5]), np.array([1.0, 2.0, 3.0])
    shaped = model.template + model.shapes[..., :2] @ betas + model.expressions[..., 0] * 0.5
    skin, joints = model.posed(betas, expression, NOTHING, transl)
    np.testing.assert_allclose(skin, shaped + transl, atol=1e-12)
    np.testing.assert_allclose(joints, model.joint_regressor @ shaped + transl, atol=1e-12)


def test_the_whole_turns_about_the_pelvis(model: SmplxModel) -> None:
    vectors = NOTHING.copy()
    vectors[0] = (0.3, -1.0, 0.2)
    skin, joints = model.posed(np.zeros(10), np.zeros(10), vectors, np.zeros(3))
    turn, pelvis = matrices_from_vectors(vectors[0]), model.joint_regressor[0] @ model.template
    np.testing.assert_allclose(joints[0], pelvis, atol=1e-12)
    np.testing.assert_allclose(skin, (model.template - pelvis) @ turn.T + pelvis, atol=1e-12)


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


def test_parity_with_the_authors_package(
    arrays: dict[str, Any], tmp_path: Path, model: SmplxModel
) -> None:
    """Their licence forbids to ship it, or to depend on it; whoever has it can compare."""
    smplx = pytest.importorskip("smplx", reason="the authors' package is not installed")
    torch = pytest.importorskip("torch")
    (tmp_path / "smplx").mkdir()
    np.savez(tmp_path / "smplx" / "SMPLX_NEUTRAL.npz", **arrays)
    theirs = smplx.create(
        str(tmp_path), "smplx", ext="npz", use_pca=False, flat_hand_mean=True, dtype=torch.float64
    )
    rng = np.random.default_rng(0)
    betas, expression, transl = rng.normal(size=10), rng.normal(size=10), rng.normal(size=3)
    vectors = 0.4 * rng.normal(size=(55, 3))
    parts = {
        "betas": betas, "expression": expression, "transl": transl,
        "global_orient": vectors[0], "body_pose": vectors[1:22], "jaw_pose": vectors[22],
        "leye_pose": vectors[23], "reye_pose": vectors[24],
        "left_hand_pose": vectors[25:40], "right_hand_pose": vectors[40:],
    }  # fmt: skip
    output = theirs(**{name: torch.tensor(part.reshape(1, -1)) for name, part in parts.items()})
    skin, joints = model.posed(betas, expression, vectors, transl)
    assert np.abs(output.vertices[0].detach().numpy() - skin).max() < 1e-5
    assert np.abs(output.joints[0, :55].detach().numpy() - joints).max() < 1e-5
