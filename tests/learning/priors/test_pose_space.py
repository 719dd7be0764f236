# SPDX-License-Identifier: GPL-3.0-or-later
import math

import numpy as np
import pytest
import torch

from model_server.learning.body.rotations import angle_between
from model_server.learning.mocap import so3
from model_server.learning.priors.flow import log_normal
from model_server.learning.priors.pose_space import (
    PoseSpace,
    from_stereographic,
    log_uniform,
    mirrored,
    stereographic,
    widened,
)


def random_rotations(*shape: int) -> torch.Tensor:
    quaternions = np.random.default_rng(3).normal(size=(*shape, 4))
    return torch.from_numpy(so3.from_quaternion(quaternions))


def test_vectors_are_axis_times_the_tangent_of_a_quarter_angle() -> None:
    rotation = torch.from_numpy(so3.from_rotvec(np.array([0.0, 1.2, 0.0])))
    expected = torch.tensor([0, math.tan(0.3), 0], dtype=torch.float64)
    assert torch.allclose(stereographic(rotation), expected)
    assert torch.allclose(from_stereographic(expected), rotation)


def test_rotations_come_back() -> None:
    space = PoseSpace(4).double()
    bends = np.random.default_rng(5).uniform(-1.2, 1.2, (50, 4, 3))
    rotations = random_rotations(4) @ torch.from_numpy(so3.from_rotvec(bends))
    space.fit(rotations)
    assert torch.allclose(space.decode(space.encode(rotations)), rotations, atol=1e-9)


def test_any_vector_is_a_rotation() -> None:
    rotations = from_stereographic(torch.randn(100, 3, dtype=torch.float64) * 5)
    eye = torch.eye(3, dtype=torch.float64)
    assert torch.allclose(rotations @ rotations.mT, eye, atol=1e-9)
    assert (torch.linalg.det(rotations) > 0).all()


def test_uniform_rotations_have_the_density_we_say() -> None:
    """A normalised density divided by the uniform one is one on average over uniform rotations."""
    vectors = stereographic(random_rotations(200_000))
    width = 0.25
    ratio = log_normal(vectors / width) - 3 * math.log(width) - log_uniform(vectors)
    assert ratio.exp().mean().item() == pytest.approx(1, abs=0.02)


def test_half_a_turn_gives_finite_gradients() -> None:
    rotation = torch.diag(torch.tensor([1.0, -1, -1])).requires_grad_()
    stereographic(rotation).square().sum().backward()
    assert rotation.grad is not None
    assert rotation.grad.isfinite().all()


def test_widening_turns_by_about_the_noise() -> None:
    rotations = random_rotations(20_000)
    noise = 0.05
    turned = widened(rotations, noise, torch.Generator().manual_seed(0))
    angles = angle_between(rotations, turned)
    assert angles.square().mean().sqrt().item() == pytest.approx(noise * math.sqrt(3), rel=0.03)


def test_mirrored_twice_is_the_same() -> None:
    rotations = random_rotations(5)
    assert torch.allclose(mirrored(mirrored(rotations)), rotations)
    turn = torch.from_numpy(so3.from_rotvec(np.array([0.3, 0.2, 0.1])))
    back = torch.from_numpy(so3.from_rotvec(np.array([0.3, -0.2, -0.1])))
    assert torch.allclose(mirrored(turn), back)
