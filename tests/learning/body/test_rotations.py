# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server.learning.body.rotations import (
    angle_between,
    cross,
    matrix_from_6d,
    nearest_rotation,
    six_from_matrix,
)


def test_6d_gives_rotations_and_comes_back() -> None:
    rotations = matrix_from_6d(torch.randn(100, 6, generator=torch.Generator().manual_seed(0)))
    assert torch.allclose(
        rotations @ rotations.transpose(1, 2), torch.eye(3).expand(100, 3, 3), atol=1e-5
    )
    assert torch.allclose(torch.linalg.det(rotations), torch.ones(100), atol=1e-5)
    assert torch.allclose(matrix_from_6d(six_from_matrix(rotations)), rotations, atol=1e-5)


def test_nearest_rotation_leaves_rotations_and_mends_reflections() -> None:
    rotations = matrix_from_6d(torch.randn(20, 6, generator=torch.Generator().manual_seed(1)))
    assert torch.allclose(nearest_rotation(2.5 * rotations), rotations, atol=1e-5)
    mended = nearest_rotation(rotations * torch.tensor([1.0, 1.0, -0.2]))
    assert torch.allclose(torch.linalg.det(mended), torch.ones(20), atol=1e-5)


def test_cross_is_the_cross_product() -> None:
    a, b = torch.randn(2, 50, 3, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(cross(a, b), torch.linalg.cross(a, b), atol=1e-6)


def test_angle_between_is_the_turn() -> None:
    half = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert torch.isclose(angle_between(torch.eye(3), half), torch.tensor(torch.pi / 2))
