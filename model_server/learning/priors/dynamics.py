# SPDX-License-Identifier: GPL-3.0-or-later
"""How a person's latents go on from frame to frame, at any frame rate.

Each latent dimension is a Gaussian process in time whose paths have a velocity (Matérn kernel of
smoothness 3/2; Rasmussen and Williams, Gaussian Processes for Machine Learning, section 4.2.1) plus
a little noise of the single frame. Conditioning the process on the last two frames gives a linear
prediction with a variance, in closed form, and the time between frames is a parameter of it: what
was fitted at 30 frames a second is right at 12.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

BODY_DYNAMICS: Final = Path(__file__).parent / "body_dynamics.npz"
FIT_STEPS: Final = 400


@dataclass(frozen=True)
class Moments:
    """Second moments of three successive frames, which is all that fitting needs."""

    products: Tensor  # (D, 3, 3) mean of z_i z_j, oldest frame first
    seconds: float  # between frames
    count: int


class LatentDynamics(nn.Module):
    """Density of latents over time; D independent dimensions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.log_rate = nn.Parameter(torch.full((width,), math.log(4.0)))  # 1/s
        self.log_variance = nn.Parameter(torch.zeros(width))
        self.log_noise = nn.Parameter(torch.full((width,), math.log(0.01)))  # variance of one frame

    def covariances(self, seconds: float) -> tuple[Tensor, Tensor, Tensor]:
        """Covariance (D,) of a frame with itself, the next one and the one after."""
        rate, variance = self.log_rate.exp(), self.log_variance.exp()
        one, two = (
            variance * (1 + rate * lag) * (-rate * lag).exp() for lag in (seconds, 2 * seconds)
        )
        return variance + self.log_noise.exp(), one, two

    def prediction(self, seconds: float) -> tuple[Tensor, Tensor, Tensor]:
        """Weights (D,) of the last and the last but one frame, and the variance (D,) of the next
        frame about what they predict."""
        zero, one, two = self.covariances(seconds)
        determinant = zero.square() - one.square()
        last = (one * zero - two * one) / determinant
        before = (two * zero - one * one) / determinant
        return last, before, zero - last * one - before * two

    def surprise(self, latents: Tensor, frame_rate: float) -> Tensor:
        """Standardised prediction errors (..., T - 2, D) of latents (..., T, D); in people's
        motion about standard normal, larger where a clip jumps."""
        last, before, variance = self.prediction(1 / frame_rate)
        expected = last * latents[..., 1:-1, :] + before * latents[..., :-2, :]
        return (latents[..., 2:, :] - expected) / variance.sqrt()

    def motion_energy(self, latents: Tensor, frame_rate: float) -> Tensor:
        """Mean squared surprise (...) of latents (..., T, D), T > 2: about 1 for people."""
        return self.surprise(latents, frame_rate).square().mean((-2, -1))

    def log_prob(self, latents: Tensor, frame_rate: float) -> Tensor:
        """Log density (...) of whole clips (..., T, D), T > 1: the first two frames together, then
        each frame given the two before it."""
        zero, one, _ = self.covariances(1 / frame_rate)
        *_, variance = self.prediction(1 / frame_rate)
        first, second = latents[..., 0, :], latents[..., 1, :]
        slope, spread = one / zero, zero - one.square() / zero
        start = log_density(first, zero) + log_density(second - slope * first, spread)
        steps = log_density(self.surprise(latents, frame_rate), torch.ones_like(variance))
        return start.sum(-1) + (steps - 0.5 * variance.log()).sum((-2, -1))

    def expected_log_prob(self, moments: Moments) -> Tensor:
        """Mean log density (D,) of a frame given the two before it, from moments alone."""
        last, before, variance = self.prediction(moments.seconds)
        weights = torch.stack([-before, -last, torch.ones_like(last)], -1)  # (D, 3)
        error = torch.einsum("di,dij,dj->d", weights, moments.products, weights)
        return -0.5 * (error / variance + (2 * math.pi * variance).log())


def log_density(value: Tensor, variance: Tensor) -> Tensor:
    """Log density (...) of a normal distribution about zero."""
    return -0.5 * (value.square() / variance + (2 * math.pi * variance).log())


def fit(moments: Sequence[Moments], width: int) -> LatentDynamics:
    """The dynamics that make the next frame most likely, all moments counted by their frames."""
    dynamics = LatentDynamics(width)
    optimizer = torch.optim.Adam(dynamics.parameters(), 0.03)
    total = sum(each.count for each in moments)
    for _ in range(FIT_STEPS):
        likelihoods = [
            dynamics.expected_log_prob(each).sum() * (each.count / total) for each in moments
        ]
        optimizer.zero_grad()
        (-torch.stack(likelihoods).sum()).backward()
        optimizer.step()
    return dynamics.requires_grad_(False)


def save_dynamics(dynamics: LatentDynamics, path: Path, about: dict[str, object]) -> None:
    weights = {name: value.numpy() for name, value in dynamics.state_dict().items()}
    np.savez(path, meta=np.array(json.dumps(about)), **weights)


def load_dynamics(path: Path = BODY_DYNAMICS) -> LatentDynamics:
    """Saved dynamics, frozen."""
    with np.load(path, allow_pickle=False) as stored:
        weights = {name: torch.from_numpy(stored[name]) for name in stored.files if name != "meta"}
    dynamics = LatentDynamics(len(weights["log_rate"]))
    dynamics.load_state_dict(weights)
    return dynamics.requires_grad_(False)
