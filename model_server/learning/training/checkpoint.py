# SPDX-License-Identifier: GPL-3.0-or-later
"""One file that a run can go on from: learned weights, optimiser, both configurations, step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import body_with_skin
from model_server.learning.network.config import NetworkConfig
from model_server.learning.network.descent import Descent
from model_server.learning.network.state import STATE
from model_server.learning.training.adversary import Adversary
from model_server.learning.training.config import TrainConfig


@dataclass
class Judges:
    """The adversary of a run that has one."""

    network: Adversary
    optimizer: torch.optim.Optimizer


@dataclass
class Run:
    """The state of a training run."""

    network: Descent
    averaged: Descent  # running mean of the weights
    optimizer: torch.optim.Optimizer
    step: int
    judges: Judges | None = None


def save(run: Run, config: TrainConfig, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    content = {
        "network": run.network.state_dict(),
        "averaged": run.averaged.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "step": run.step,
        "config": asdict(config),
    }
    if run.judges is not None:
        content["judges"] = run.judges.network.state_dict()
        content["judges_optimizer"] = run.judges.optimizer.state_dict()
    torch.save(content, partial)
    partial.replace(path)


def load(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True, map_location="cpu")  # type: ignore[no-any-return]


def load_network(path: Path, body: BodyModel | None = None) -> Descent:
    """The averaged network of a checkpoint, ready to be evaluated."""
    saved = load(path)
    content = saved["config"]["network"]
    config = NetworkConfig(**content | {"sees": tuple(content["sees"])})
    network = Descent(config, body_with_skin(body or BodyModel()), torch.zeros(STATE))
    network.load_state_dict(saved["averaged"])
    return network.eval()
