# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that all descent networks are made of."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Pre-norm residual layer that begins as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: Tensor) -> Tensor:
        inner = torch.nn.functional.silu(self.inner(self.norm(features)))
        return features + self.outer(inner)  # type: ignore[no-any-return]


class Memory(nn.Module):
    """Gated recurrent unit (Cho et al., 2014): features, memory → memory."""

    def __init__(self, features: int, memory: int) -> None:
        super().__init__()
        self.gates = nn.Linear(features + memory, 2 * memory)
        self.candidate = nn.Linear(features + memory, memory)

    def forward(self, features: Tensor, memory: Tensor) -> Tensor:
        reset, keep = torch.sigmoid(self.gates(torch.cat([features, memory], 1))).chunk(2, 1)
        candidate = torch.tanh(self.candidate(torch.cat([features, reset * memory], 1)))
        return keep * memory + (1 - keep) * candidate


class Reader(nn.Module):
    """Evidence in one row (B, E) → features (B, F), read once."""

    def __init__(self, inputs: int, hidden: int, features: int, blocks: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.blocks = nn.ModuleList(Block(hidden) for _ in range(blocks))
        self.last = nn.Linear(hidden, features)

    def forward(self, evidence: Tensor) -> Tensor:
        features = self.first(evidence)
        for block in self.blocks:
            features = block(features)
        return self.last(features)  # type: ignore[no-any-return]


class Stage(nn.Module):
    """All that is felt of a state (B, F), itself included, and a memory → its increment (B, S) and
    the memory. Steps are small at first; with `memory` 0 nothing is remembered.
    """

    def __init__(
        self, felt: int, state: int, *, hidden: int, memory: int, blocks: int, step: float
    ) -> None:
        super().__init__()
        self.first = nn.Linear(felt, hidden)
        self.remembers = memory > 0
        if self.remembers:
            self.memory = Memory(hidden, memory)
            self.join = nn.Linear(memory, hidden)
        self.blocks = nn.ModuleList(Block(hidden) for _ in range(blocks))
        self.last = small(nn.Linear(hidden, state))
        self.step = step

    def forward(self, felt: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        features = self.first(felt)
        if self.remembers:
            memory = self.memory(torch.nn.functional.silu(features), memory)
            features = features + self.join(memory)
        for block in self.blocks:
            features = block(features)
        return self.step * self.last(features), memory


class RecurrenceConfig(Protocol):
    """What a configuration says of a network's size; a frozen dataclass."""

    @property
    def stages(self) -> int: ...  # none: the first guess is the answer
    @property
    def context(self) -> int: ...  # features of the evidence, read once
    @property
    def memory(self) -> int: ...  # carried from stage to stage, 0 for none
    @property
    def hidden(self) -> int: ...  # width
    @property
    def context_blocks(self) -> int: ...
    @property
    def stage_blocks(self) -> int: ...
    @property
    def step(self) -> float: ...  # scale of an increment


class Recurrence(nn.Module):
    """What a descent learns: to read the evidence, the first guess, and the stage that follows
    again and again.
    """

    mean_state: Tensor

    def __init__(
        self, config: RecurrenceConfig, mean_state: Tensor, *, evidence: int, residuals: int
    ) -> None:
        """For a state like `mean_state` (S,), evidence (B, `evidence`), and residuals of a state
        (B, `residuals`).
        """
        super().__init__()
        self.context = Reader(evidence, config.hidden, config.context, config.context_blocks)
        self.guess = small(nn.Linear(config.context, len(mean_state)))
        self.remembers = config.memory > 0
        if self.remembers:
            self.remember = nn.Linear(config.context, config.memory)
        if config.stages:
            self.stage = Stage(
                len(mean_state) + residuals + config.context,
                len(mean_state),
                hidden=config.hidden,
                memory=config.memory,
                blocks=config.stage_blocks,
                step=config.step,
            )
        self.register_buffer("mean_state", mean_state)

    def begin(self, evidence: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Evidence (B, E) as a context, the first guess's increment of the mean state, and a
        memory.
        """
        context = self.context(evidence)
        increment = self.guess(torch.nn.functional.silu(context))
        if not self.remembers:
            return context, increment, context[:, :0]
        return context, increment, torch.tanh(self.remember(context))


def limited(*residuals: Tensor) -> list[Tensor]:
    """What a stage sees of residuals (B, ...), each in one row; outliers must not drown the
    rest.
    """
    return [part.flatten(1).clamp(-3, 3) for part in residuals]


def half_precision(wanted: bool, like: Tensor) -> AbstractContextManager[object]:
    """Where networks compute in bfloat16, if that is wanted; geometry never does."""
    return torch.autocast(like.device.type, torch.bfloat16) if wanted else nullcontext()


def small(layer: nn.Linear) -> nn.Linear:
    """A layer that says almost nothing at first."""
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer
