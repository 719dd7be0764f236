# SPDX-License-Identifier: GPL-3.0-or-later
import math

import pytest
import torch
from torch import Tensor

from model_server.learning.priors.flow import Flow, FlowConfig, log_normal


def lively(config: FlowConfig, seed: int = 1) -> Flow:
    """A flow that is far from the identity, in double precision."""
    torch.manual_seed(seed)
    flow = Flow(config).double()
    for value in flow.parameters():
        torch.nn.init.normal_(value, std=0.3)
    flow.whitening.fit(torch.randn(500, config.width, dtype=torch.float64) * 2 + 1)
    return flow


def ring(count: int, generator: torch.Generator) -> Tensor:
    """Points (count, 2) near a circle: nothing a Gaussian could describe."""
    angle = torch.rand(count, generator=generator) * 2 * math.pi
    radius = 2 + 0.15 * torch.randn(count, generator=generator)
    return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


@pytest.mark.parametrize("width", [2, 5, 12])
def test_the_way_back_leads_to_the_start(width: int) -> None:
    flow = lively(FlowConfig(width, couplings=4, hidden=8))
    vectors = torch.randn(20, width, dtype=torch.float64)
    latents, _ = flow(vectors)
    # The mixing rotations are kept in single precision.
    assert torch.allclose(flow.inverse(latents), vectors, atol=1e-5)
    assert torch.allclose(flow(flow.inverse(vectors))[0], vectors, atol=1e-5)


def test_log_determinant_is_that_of_the_jacobian() -> None:
    flow = lively(FlowConfig(5, couplings=3, hidden=8))
    for vector in torch.randn(4, 5, dtype=torch.float64):
        jacobian = torch.autograd.functional.jacobian(lambda x: flow(x)[0], vector)
        assert isinstance(jacobian, Tensor)
        assert flow(vector)[1].item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item())


def test_whitening_leaves_unit_covariance() -> None:
    data = torch.randn(4000, 3) @ torch.tensor([[2.0, 1, 0], [0, 0.5, 0], [0, 0.3, 1]]) + 5
    flow = Flow(FlowConfig(3, couplings=0))
    flow.whitening.fit(data)
    white = flow(data)[0]
    assert torch.allclose(white.T @ white / len(white), torch.eye(3), atol=1e-3)


def test_training_finds_a_ring_and_the_density_integrates_to_one() -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    flow = Flow(FlowConfig(2, couplings=6, hidden=24))
    held_out = ring(1000, generator)
    flow.whitening.fit(ring(2000, generator))
    gaussian = flow.log_prob(held_out).mean().item()
    optimizer = torch.optim.Adam(flow.parameters(), 5e-3)
    for _ in range(250):
        optimizer.zero_grad()
        (-flow.log_prob(ring(256, generator)).mean()).backward()
        optimizer.step()
    with torch.no_grad():
        assert flow.log_prob(held_out).mean().item() > gaussian + 0.5
        axis = torch.linspace(-6, 6, 301)
        grid = torch.cartesian_prod(axis, axis)
        mass = flow.log_prob(grid).exp().sum().item() * (12 / 300) ** 2
    assert mass == pytest.approx(1, abs=0.02)


def test_an_untrained_flow_is_a_standard_normal() -> None:
    flow = Flow(FlowConfig(4, couplings=3, hidden=8))
    vectors = torch.randn(10, 4)
    assert torch.allclose(flow.log_prob(vectors), log_normal(vectors), atol=1e-5)
