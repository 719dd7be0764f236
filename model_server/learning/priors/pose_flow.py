# SPDX-License-Identifier: GPL-3.0-or-later
"""A flow of poses: named bones, their rotations, latents and densities; and its small file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from model_server.learning.priors.flow import Flow, FlowConfig
from model_server.learning.priors.pose_space import PoseSpace, log_uniform

BODY_FLOW: Final = Path(__file__).parent / "body_flow.npz"
HAND_FLOW: Final = Path(__file__).parent / "hand_flow.npz"


class PoseFlow(nn.Module):
    """Rotations of `bones` relative to their parents (docs/conventions.md) ↔ latents.

    A hand's flow knows left hands; right ones are mirrored into it (`pose_space.mirrored`). Poses
    were widened by `noise` radians in training, which is how finely the flow can tell them apart.
    """

    def __init__(
        self, bones: Sequence[str], couplings: int, hidden: int, *, noise: float, seed: int = 0
    ) -> None:
        super().__init__()
        self.bones = tuple(bones)
        self.noise = noise
        self.space = PoseSpace(len(bones))
        self.flow = Flow(FlowConfig(3 * len(bones), couplings, hidden, seed))

    def fit_start(self, rotations: Tensor) -> None:
        """Take the best Gaussian of rotations (N, J, 3, 3) as the start of training."""
        self.space.fit(rotations)
        self.flow.whitening.fit(self.space.encode(rotations))

    def to_latent(self, rotations: Tensor) -> Tensor:
        """Rotations (B, J, 3, 3) → z (B, 3 J), standard normal for people like the recorded."""
        return self.flow(self.space.encode(rotations))[0]  # type: ignore[no-any-return]

    def from_latent(self, latents: Tensor) -> Tensor:
        """z (B, 3 J) → rotations (B, J, 3, 3)."""
        return self.space.decode(self.flow.inverse(latents))

    def prior_energy(self, rotations: Tensor) -> Tensor:
        """Mean of z² (B,): about 1 for plausible poses, more for others; differentiable."""
        return self.to_latent(rotations).square().mean(-1)

    def log_prob(self, rotations: Tensor) -> Tensor:
        """Log density (B,) in nats relative to uniformly random rotations of all J joints."""
        vectors = self.space.encode(rotations)
        return self.flow.log_prob(vectors) - log_uniform(vectors)

    def sample(self, count: int, generator: torch.Generator, temperature: float = 1.0) -> Tensor:
        """Random poses (count, J, 3, 3); `temperature` scales the latents."""
        latents = torch.randn(count, 3 * len(self.bones), generator=generator)
        return self.from_latent(temperature * latents)


def save_flow(flow: PoseFlow, path: Path, about: dict[str, object]) -> None:
    """Write weights and what is needed to build the flow again; `about` is kept beside it."""
    config = asdict(flow.flow.config)
    meta = {"bones": flow.bones, "noise": flow.noise, "flow": config, "about": about}
    weights = {name: value.numpy() for name, value in flow.state_dict().items()}
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, meta=np.array(json.dumps(meta)), **weights)
    partial.replace(path)


def load_flow(path: Path) -> PoseFlow:
    """A saved flow, ready to be evaluated; freeze it with `requires_grad_(False)` where it is
    part of a network.
    """
    with np.load(path, allow_pickle=False) as stored:
        meta = json.loads(str(stored["meta"]))
        weights = {name: torch.from_numpy(stored[name]) for name in stored.files if name != "meta"}
    config = FlowConfig(**meta["flow"])
    flow = PoseFlow(
        meta["bones"], config.couplings, config.hidden, noise=meta["noise"], seed=config.seed
    )
    flow.load_state_dict(weights)
    return flow.eval()
