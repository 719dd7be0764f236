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
