# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from model_server.learning.priors.dynamics import (
    LatentDynamics,
    Moments,
    fit,
    load_dynamics,
    save_dynamics,
)
from model_server.learning.priors.train import moments_of

SECONDS = 1 / 30


def dynamics(width: int) -> LatentDynamics:
    """Different in every dimension."""
    made = LatentDynamics(width)
    with torch.no_grad():
        made.log_rate.copy_(torch.linspace(0.5, 2.5, width))
        made.log_variance.copy_(torch.linspace(-1, 0.3, width))
        made.log_noise.copy_(torch.linspace(-6, -3, width))
    return made.requires_grad_(False).double()


def covariance(of: LatentDynamics, seconds: float) -> Tensor:
    """(D, 3, 3) of three successive frames."""
    zero, one, two = of.covariances(seconds)
    rows = [(zero, one, two), (one, zero, one), (two, one, zero)]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def test_three_frames_have_the_density_of_the_process() -> None:
    made = dynamics(4)
    clips = torch.randn(5, 3, 4, dtype=torch.float64)
    normal = MultivariateNormal(torch.zeros(4, 3, dtype=torch.float64), covariance(made, SECONDS))
    expected = normal.log_prob(clips.mT).sum(-1)
    assert torch.allclose(made.log_prob(clips, 30), expected)


def test_moments_say_what_the_clips_say() -> None:
    made = dynamics(3)
    clip = torch.randn(50, 3, dtype=torch.float64)
    triples = torch.stack([clip[:-2], clip[1:-1], clip[2:]], -1)
    expected = made.expected_log_prob(moments_of(triples, SECONDS)).sum() * 48
    start = made.log_prob(clip[:2], 30)
    assert torch.allclose(made.log_prob(clip, 30) - start, expected)


def test_fitting_finds_the_process_again_and_other_frame_rates_with_it() -> None:
    made = dynamics(6)
    moments = [
        Moments(covariance(made, SECONDS * stride).float(), SECONDS * stride, 1000)
        for stride in (1, 3)
    ]
    found = fit(moments, 6)
    for theirs, ours in zip(
        made.prediction(2 * SECONDS), found.prediction(2 * SECONDS), strict=True
    ):
        assert torch.allclose(ours.double(), theirs, rtol=0.1, atol=0.03)


def test_motion_of_the_process_has_energy_one_and_jumps_have_more() -> None:
    made = dynamics(2)
    times = torch.arange(40, dtype=torch.float64) * SECONDS
    lag = (times[:, None] - times).abs()[..., None]
    rate = made.log_rate.exp()
    kernel = made.log_variance.exp() * (1 + rate * lag) * (-rate * lag).exp()
    kernel = kernel.movedim(-1, 0) + made.log_noise.exp()[:, None, None] * torch.eye(40).double()
    torch.manual_seed(0)
    clips = MultivariateNormal(torch.zeros(2, 40, dtype=torch.float64), kernel).sample((300,)).mT
    # Two frames are not the whole past, so that surprises are a little smaller than one.
    assert made.motion_energy(clips, 30).mean().item() == pytest.approx(1, abs=0.1)
    shuffled = clips[:, torch.randperm(40)]
    assert made.motion_energy(shuffled, 30).mean() > 10
    assert (made.log_prob(shuffled, 30) < made.log_prob(clips, 30)).all()


def test_saved_dynamics_come_back(tmp_path: Path) -> None:
    made = dynamics(3).float()
    save_dynamics(made, tmp_path / "dynamics.npz", {})
    again = load_dynamics(tmp_path / "dynamics.npz")
    clip = torch.randn(6, 3)
    assert torch.equal(made.log_prob(clip, 24), again.log_prob(clip, 24))
