# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned descent of a hand: a first guess, then recurrent stages with one set of weights.

As the body's descent (`learning/network/descent.py`): a stage sees the state, its residuals and
energies, a context encoding of the evidence and a memory, and answers with an increment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from model_server.learning.details.reading import told, told_size
from model_server.learning.hands.evidence import Evidence
from model_server.learning.hands.hand_model import LANDMARKS, HandModel
from model_server.learning.hands.state import ENERGIES, STATE, Posed, Residuals, compare, decode
from model_server.learning.network.layers import Reader, Stage, small

EVIDENCE_SIZE: Final = LANDMARKS * 5 + 2 + told_size(LANDMARKS)
RESIDUAL_SIZE: Final = LANDMARKS * 7 + ENERGIES


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


class HandDescent(nn.Module):
    """Evidence → the hands of all stages, the first guess included."""

    mean_state: Tensor

    def __init__(self, config: HandConfig, model: HandModel, mean_state: Tensor) -> None:
        super().__init__()
        self.config = config
        self.model = model
        self.context = Reader(EVIDENCE_SIZE, config.hidden, config.context, config.context_blocks)
        self.guess = small(nn.Linear(config.context, STATE))
        self.remember = nn.Linear(config.context, config.memory)
        self.stage = Stage(
            STATE + RESIDUAL_SIZE + config.context,
            STATE,
            hidden=config.hidden,
            memory=config.memory,
            blocks=config.stage_blocks,
            step=config.step,
        )
        self.register_buffer("mean_state", mean_state)

    def forward(self, evidence: Evidence, stages: int | None = None) -> list[Posed]:
        context = self.context(flat(evidence))
        state = self.mean_state + self.guess(torch.nn.functional.silu(context))
        memory = torch.tanh(self.remember(context))
        hands = [decode(state, evidence, self.model)]
        for _ in range(self.config.stages if stages is None else stages):
            residuals = compare(hands[-1], evidence, self.model)
            felt = torch.cat([state, *limited(residuals), context], 1)
            increment, memory = self.stage(felt, memory)
            state = state + increment
            hands.append(decode(state, evidence, self.model))
        return hands


def flat(evidence: Evidence) -> Tensor:
    """All of the evidence in one row (B, EVIDENCE_SIZE)."""
    seen = [evidence.points.flatten(1), evidence.world.flatten(1)]
    picture = told(evidence.sight, evidence.points)
    return torch.cat([*seen, evidence.confidence, evidence.extent.log(), picture], 1)


def limited(residuals: Residuals) -> list[Tensor]:
    """What a stage sees of residuals, (B, RESIDUAL_SIZE) together; outliers must not drown it."""
    seen = [residuals.points, residuals.second, residuals.world, residuals.energies]
    return [part.flatten(1).clamp(-3, 3) for part in seen]
