# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned descent of a hand: a first guess, then recurrent stages with one set of weights.

As the body's descent (`learning/network/descent.py`): a stage sees the state, its residuals and
energies, a context encoding of the evidence and a memory, and answers with an increment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from model_server.learning.details.reading import told, told_size
from model_server.learning.hands.evidence import Evidence
from model_server.learning.hands.hand_model import LANDMARKS, HandModel
from model_server.learning.hands.state import ENERGIES, Posed, compare, decode
from model_server.learning.network.layers import Recurrence, limited

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


class HandDescent(Recurrence):
    """Evidence → the hands of all stages, the first guess included."""

    def __init__(self, config: HandConfig, model: HandModel, mean_state: Tensor) -> None:
        super().__init__(config, mean_state, evidence=EVIDENCE_SIZE, residuals=RESIDUAL_SIZE)
        self.config = config
        self.model = model

    def forward(self, evidence: Evidence, stages: int | None = None) -> list[Posed]:
        context, increment, memory = self.begin(flat(evidence))
        state = self.mean_state + increment
        hands = [decode(state, evidence, self.model)]
        for _ in range(self.config.stages if stages is None else stages):
            residuals = compare(hands[-1], evidence, self.model)
            seen = limited(residuals.points, residuals.second, residuals.world, residuals.energies)
            felt = torch.cat([state, *seen, context], 1)
            increment, memory = self.stage(felt, memory)
            state = state + increment
            hands.append(decode(state, evidence, self.model))
        return hands


def flat(evidence: Evidence) -> Tensor:
    """All of the evidence in one row (B, EVIDENCE_SIZE)."""
    seen = [evidence.points.flatten(1), evidence.world.flatten(1)]
    picture = told(evidence.sight, evidence.points)
    return torch.cat([*seen, evidence.confidence, evidence.extent.log(), picture], 1)
