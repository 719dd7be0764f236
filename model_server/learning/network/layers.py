# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers that all descent networks are made of."""

from __future__ import annotations

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


def small(layer: nn.Linear) -> nn.Linear:
    """A layer that says almost nothing at first."""
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer
