# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned descent: a first guess, then M recurrent stages that lower the energy without
gradients.

Every stage sees what HUND's stages see (methods: Zanfir et al., CVPR 2021): the state, the
residuals and energies of that state, a context encoding of the evidence, and a memory; it answers
with an increment of the state. All stages share one set of weights.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final

import torch
from torch import Tensor, nn

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.network.config import NetworkConfig
from model_server.learning.network.energy import TERMS, Residuals, compare, total
from model_server.learning.network.evidence import Evidence
from model_server.learning.network.layers import Block, Memory
from model_server.learning.network.picture import FEATURES, PARTS, Sight
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES, STATE, Posed, decode

EVIDENCE_SIZE: Final = LANDMARKS * (7 + 3) + 1 + FEATURES + 1
RESIDUAL_SIZE: Final = LANDMARKS * 7 + PARTS * 5 + len(TERMS)


class Context(nn.Module):
    """Evidence and picture → features (B, context), read once."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.first = nn.Linear(EVIDENCE_SIZE, config.hidden)
        self.blocks = nn.ModuleList(Block(config.hidden) for _ in range(config.context_blocks))
        self.last = nn.Linear(config.hidden, config.context)

    def forward(self, evidence: Evidence, sight: Sight) -> Tensor:
        differing = sight.heat_trust[..., None] * (sight.heat - evidence.points).clamp(-3, 3)
        seen = torch.cat(
            [
                evidence.points,
                evidence.world,
                evidence.depth[..., None],
                evidence.trust[..., None],
                differing,
                sight.heat_trust[..., None],
            ],
            2,
        )  # (B, 33, 10)
        whole = torch.cat([evidence.extent.log(), sight.features, sight.present], 1)
        features = self.first(torch.cat([seen.flatten(1), whole], 1))
        for block in self.blocks:
            features = block(features)
        return self.last(features)  # type: ignore[no-any-return]


class Stage(nn.Module):
    """State, residuals, context, memory → increment of the state, memory."""

    def __init__(self, config: NetworkConfig) -> None:
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
        alignment = residuals.alignment
        seen = [
            residuals.points.flatten(1),
            residuals.second.flatten(1),
            residuals.world.flatten(1),
            alignment.cover.flatten(1),
            alignment.stay.flatten(1),
            alignment.seen,
            residuals.energies,
        ]
        features = self.first(torch.cat([state, torch.cat(seen, 1).clamp(-3, 3), context], 1))
        memory = self.memory(torch.nn.functional.silu(features), memory)
        features = features + self.join(memory)
        for block in self.blocks:
            features = block(features)
        return self.step * self.last(features), memory


class Descent(nn.Module):
    """Evidence and picture → the states of all stages, the first guess included."""

    mean_state: Tensor

    def __init__(self, config: NetworkConfig, body: LandmarkModel, mean_state: Tensor) -> None:
        super().__init__()
        self.config = config
        self.body = body
        self.context = Context(config)
        self.guess = nn.Linear(config.context, STATE)
        self.remember = nn.Linear(config.context, config.memory)
        self.stage = Stage(config)
        self.register_buffer("mean_state", mean_state)
        self.half_precision = False  # in training: networks in bfloat16, geometry never
        nn.init.normal_(self.guess.weight, std=0.01)
        nn.init.zeros_(self.guess.bias)

    def forward(self, evidence: Evidence, sight: Sight, stages: int | None = None) -> list[Posed]:
        with self._precision(evidence):
            context = self.context(evidence, sight)
            increment = self.guess(torch.nn.functional.silu(context))
            memory = torch.tanh(self.remember(context))
        state = self.mean_state + increment.float()
        posed = [decode(state, evidence, self.body)]
        residuals = compare(posed[-1], evidence, sight)
        energies = [total(residuals)]
        for _ in range(self.config.stages if stages is None else stages):
            with self._precision(evidence):
                increment, memory = self.stage(state, residuals, context, memory)
            state = state + increment.float()
            posed.append(decode(state, evidence, self.body))
            residuals = compare(posed[-1], evidence, sight)
            energies.append(total(residuals))
        return posed, torch.stack(energies)

    def _precision(self, evidence: Evidence) -> AbstractContextManager[object]:
        if not self.half_precision:
            return nullcontext()
        return torch.autocast(evidence.points.device.type, torch.bfloat16)


def mean_state(rotations: Tensor) -> Tensor:
    """State (STATE,) of the mean of training rotations (N, 22, 3, 3), average shape, a person in
    the middle of view.
    """
    six = six_from_matrix(rotations).mean(0)
    assert six.shape == (JOINTS, 6)
    return torch.cat([six.flatten(), torch.zeros(PHENOTYPES), torch.zeros(3)])
