# SPDX-License-Identifier: GPL-3.0-or-later
"""An invertible map between vectors of any distribution and a standard normal one.

RealNVP (Dinh et al., ICLR 2017) with Glow's idea of mixing all dimensions between the couplings
(Kingma and Dhariwal, NeurIPS 2018). The mixing is a fixed random rotation: its inverse is its
transpose and its determinant is one, so that nothing has to be solved in either direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LARGEST_LOG_SCALE = 2.0  # of one coupling; keeps the inverse from exploding far from the data
LEAST_VARIANCE = 1e-6  # of a whitened direction


@dataclass(frozen=True)
class FlowConfig:
    width: int  # dimensions D
    couplings: int = 8
    hidden: int = 128
    seed: int = 0  # of the mixing rotations


class Whitening(nn.Module):
    """The affine map that gives data mean zero and unit covariance; found once, not learned.

    What is left for the couplings is what a Gaussian cannot say.
    """

    mean: Tensor
    inward: Tensor
    outward: Tensor
    log_det: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("inward", torch.eye(width))
        self.register_buffer("outward", torch.eye(width))
        self.register_buffer("log_det", torch.zeros(()))

    def fit(self, vectors: Tensor) -> None:
        """Take mean and covariance from vectors (N, D)."""
        centred = (vectors - vectors.mean(0)).double()
        variances, axes = torch.linalg.eigh(centred.T @ centred / len(vectors))
        deviations = variances.clamp(min=LEAST_VARIANCE).sqrt()
        self.mean.copy_(vectors.mean(0))
        self.inward.copy_(axes / deviations)
        self.outward.copy_((axes * deviations).T)
        self.log_det.copy_(-deviations.log().sum())

    def forward(self, vectors: Tensor) -> Tensor:
        return (vectors - self.mean) @ self.inward

    def inverse(self, whitened: Tensor) -> Tensor:
        return whitened @ self.outward + self.mean


class Coupling(nn.Module):
    """One half, seen after a rotation, tells how the other half is scaled and shifted."""

    mixing: Tensor

    def __init__(self, config: FlowConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.told = config.width // 2
        moved = config.width - self.told
        last = nn.Linear(config.hidden, 2 * moved)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.tell = nn.Sequential(
            nn.Linear(self.told, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, config.hidden),
            nn.SiLU(),
            last,
        )
        normal = torch.randn(config.width, config.width, generator=generator)
        self.register_buffer("mixing", torch.linalg.qr(normal)[0])

    def _scale_and_shift(self, told: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = self.tell(told).chunk(2, -1)
        return LARGEST_LOG_SCALE * torch.tanh(raw / LARGEST_LOG_SCALE), shift

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        mixed = vectors @ self.mixing
        told, moved = mixed[..., : self.told], mixed[..., self.told :]
        log_scale, shift = self._scale_and_shift(told)
        moved = moved * log_scale.exp() + shift
        return torch.cat([told, moved], -1), log_scale.sum(-1)

    def inverse(self, vectors: Tensor) -> Tensor:
        told, moved = vectors[..., : self.told], vectors[..., self.told :]
        log_scale, shift = self._scale_and_shift(told)
        moved = (moved - shift) * (-log_scale).exp()
        return torch.cat([told, moved], -1) @ self.mixing.T


class Flow(nn.Module):
    """Vectors (..., D) ↔ latents z (..., D), whose distribution is a standard normal one."""

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(config.seed)
        self.config = config
        self.whitening = Whitening(config.width)
        self.couplings = nn.ModuleList(Coupling(config, generator) for _ in range(config.couplings))

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (..., D) → latents (..., D) and log |det dz/dx| (...)."""
        latents = self.whitening(vectors)
        log_det = self.whitening.log_det.expand(latents.shape[:-1])
        for coupling in self.couplings:
            latents, grown = coupling(latents)
            log_det = log_det + grown
        return latents, log_det

    def inverse(self, latents: Tensor) -> Tensor:
        """Latents (..., D) → vectors (..., D)."""
        for coupling in reversed(self.couplings):
            latents = coupling.inverse(latents)  # type: ignore[operator]
        return self.whitening.inverse(latents)

    def log_prob(self, vectors: Tensor) -> Tensor:
        """Natural logarithm of the density (...) at vectors (..., D), exactly."""
        latents, log_det = self(vectors)
        return log_normal(latents) + log_det


def log_normal(latents: Tensor) -> Tensor:
    """Log density (...) of the standard normal distribution at latents (..., D)."""
    return -0.5 * (latents.square() + math.log(2 * math.pi)).sum(-1)
