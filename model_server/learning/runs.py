# SPDX-License-Identifier: GPL-3.0-or-later
"""Training runs that may be stopped at any time: start or go on, one step, save."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)
log = logging.getLogger(__name__)


class Schedule(Protocol):
    """What a training configuration says of the optimiser; a frozen dataclass."""

    @property
    def steps(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warm_up(self) -> int: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def average(self) -> float: ...  # decay of the running mean of the weights, which is kept
    @property
    def clip(self) -> float: ...


@dataclass
class Run(Generic[N]):
    """The state of a training run."""

    network: N
    averaged: N  # running mean of the weights
    optimizer: torch.optim.Optimizer
    step: int = 0


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision_pays() -> bool:
    """Whether bfloat16 is faster here; processors that lack it take ten times as long."""
    return torch.cuda.is_available() or torch.backends.cpu.get_cpu_capability() == "AVX512"


def start(
    network: N, config: Schedule, checkpoint: Path, shares: Mapping[str, float] | None = None
) -> Run[N]:
    """A new run of a network, or the one that the checkpoint holds. Layers whose names begin with
    one of `shares` learn at that share of the rate.
    """
    network = network.to(device())
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            share = next((s for part, s in (shares or {}).items() if name.startswith(part)), 1.0)
            groups.setdefault(share, []).append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": layers, "share": share} for share, layers in groups.items()],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    run = Run(network, copy.deepcopy(network).requires_grad_(False), optimizer)
    if checkpoint.exists():
        saved = load(checkpoint)
        run.network.load_state_dict(saved["network"])
        run.averaged.load_state_dict(saved["averaged"])
        run.optimizer.load_state_dict(saved["optimizer"])
        run.step = saved["step"]
        log.info("going on from step %d", run.step)
    return run


def learning_rate(step: int, config: Schedule) -> float:
    """Linear warm-up, then down to a hundredth along a cosine."""
    warm = min(1.0, (step + 1) / config.warm_up)
    done = min(1.0, step / config.steps)
    return config.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def descend(run: Run[N], loss: Tensor, config: Schedule) -> float:
    """One step of the optimiser down a loss; returns its value."""
    for group in run.optimizer.param_groups:
        share: float = group.get("share", 1.0)  # checkpoints of before tell none
        group["lr"] = share * learning_rate(run.step, config)
    run.optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), config.clip)
    if torch.isfinite(norm):  # one degenerate sample must not undo hours
        run.optimizer.step()
    run.step += 1
    follow(run, min(config.average, run.step / (run.step + 20)))
    return loss.item()


@torch.no_grad()
def follow(run: Run[N], decay: float) -> None:
    """Move the running mean towards the weights, and whatever else the network has learned."""
    averaged = run.averaged.state_dict()
    for name, new in run.network.state_dict(keep_vars=True).items():
        kept = averaged[name]
        if isinstance(new, nn.Parameter) and not new.requires_grad:
            continue  # frozen
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def save(run: Run[N], config: Any, path: Path) -> None:
    """Write the run and its configuration, a dataclass, replacing the file only when complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    content = {
        "network": run.network.state_dict(),
        "averaged": run.averaged.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "step": run.step,
        "config": asdict(config),
    }
    torch.save(content, partial)
    partial.replace(path)


def load(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True, map_location="cpu")  # type: ignore[no-any-return]
