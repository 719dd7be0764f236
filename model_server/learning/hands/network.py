# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned descent of a hand: a first guess, then recurrent stages with one set of weights.

As the body's descent (`learning/network/descent.py`): a stage sees the state, its residuals and
energies, a context encoding of the evidence and a memory, and answers with an increment.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model_server.learning.hands.evidence import Evidence
from model_server.learning.hands.hand_model import LANDMARKS, HandModel
from model_server.learning.hands.state import STATE, Posed, Residuals, compare, decode
from model_server.learning.network.layers import Block, Memory

EVIDENCE_SIZE = LANDMARKS * 5 + 2
RESIDUAL_SIZE = LANDMARKS * 5 + 3


@dataclass(frozen=True)
class HandConfig:
    """Saved in every checkpoint and in the exported graph."""

    stages: int = 4
    context: int = 128
    memory: int = 96
    hidden: int = 160
    context_blocks: int = 2
    stage_blocks: int = 2
    step: float = 0.1


class Context(nn.Module):
    """Evidence → features (B, context), read once."""

    def __init__(self, config: HandConfig) -> None:
        super().__init__()
        self.first = nn.Linear(EVIDENCE_SIZE, config.hidden)
        self.blocks = nn.ModuleList(Block(config.hidden) for _ in range(config.context_blocks))
        self.last = nn.Linear(config.hidden, config.context)

    def forward(self, evidence: Evidence) -> Tensor:
        seen = [evidence.points.flatten(1), evidence.world.flatten(1)]
        features = self.first(torch.cat([*seen, evidence.confidence, evidence.extent.log()], 1))
        for block in self.blocks:
            features = block(features)
        return self.last(features)  # type: ignore[no-any-return]


class Stage(nn.Module):
    """State, residuals, context, memory → increment of the state, memory."""

    def __init__(self, config: HandConfig) -> None:
        super().__init__()
        self.first = nn.Linear(STATE + RESIDUAL_SIZE + config.context, config.hidden)
        self.memory = Memory(config.hidden, config.memory)
        self.join = nn.Linear(config.memory, config.hidden)
        self.blocks = nn.ModuleList(Block(config.hidden) for _ in range(config.stage_blocks))
        self.last = nn.Linear(config.hidden, STATE)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.zeros_(self.last.bias)
        self.step = config.step

    def forward(
        self, state: Tensor, residuals: Residuals, context: Tensor, memory: Tensor
    ) -> tuple[Tensor, Tensor]:
        seen = [residuals.points.flatten(1), residuals.world.flatten(1), residuals.energies]
        features = self.first(torch.cat([state, torch.cat(seen, 1).clamp(-3, 3), context], 1))
        memory = self.memory(torch.nn.functional.silu(features), memory)
        features = features + self.join(memory)
        for block in self.blocks:
            features = block(features)
        return self.step * self.last(features), memory


class HandDescent(nn.Module):
    """Evidence → the hands of all stages, the first guess included."""

    mean_state: Tensor

    def __init__(self, config: HandConfig, model: HandModel, mean_state: Tensor) -> None:
        super().__init__()
        self.config = config
        self.model = model
        self.context = Context(config)
        self.guess = nn.Linear(config.context, STATE)
        self.remember = nn.Linear(config.context, config.memory)
        self.stage = Stage(config)
        self.register_buffer("mean_state", mean_state)
        nn.init.normal_(self.guess.weight, std=0.01)
        nn.init.zeros_(self.guess.bias)

    def forward(self, evidence: Evidence, stages: int | None = None) -> list[Posed]:
        context = self.context(evidence)
        state = self.mean_state + self.guess(torch.nn.functional.silu(context))
        memory = torch.tanh(self.remember(context))
        hands = [decode(state, evidence, self.model)]
        for _ in range(self.config.stages if stages is None else stages):
            residuals = compare(hands[-1], evidence, self.model)
            increment, memory = self.stage(state, residuals, context, memory)
            state = state + increment
            hands.append(decode(state, evidence, self.model))
        return hands
