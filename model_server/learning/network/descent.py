# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned descent: a first guess, then M recurrent stages that lower the energy without
gradients.

Every stage sees what HUND's stages see (methods: Zanfir et al., CVPR 2021): the state, the
residuals and energies of that state, a context encoding of the evidence, and a memory; it answers
with an increment of the state. All stages share one set of weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.network.config import NetworkConfig
from model_server.learning.network.energy import compare
from model_server.learning.network.evidence import Evidence
from model_server.learning.network.layers import Recurrence, half_precision, limited
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES, Posed, decode

EVIDENCE_SIZE = LANDMARKS * 7 + 1
RESIDUAL_SIZE = LANDMARKS * 5 + 3


class Descent(Recurrence):
    """Evidence → the states of all stages, the first guess included."""

    def __init__(self, config: NetworkConfig, body: LandmarkModel, mean_state: Tensor) -> None:
        super().__init__(config, mean_state, evidence=EVIDENCE_SIZE, residuals=RESIDUAL_SIZE)
        self.config = config
        self.body = body
        self.half_precision = False  # in training: networks in bfloat16, geometry never

    def forward(self, evidence: Evidence, stages: int | None = None) -> list[Posed]:
        with half_precision(self.half_precision, evidence.points):
            context = self.context(flat(evidence))
            increment = self.guess(torch.nn.functional.silu(context))
            memory = torch.tanh(self.remember(context))
        state = self.mean_state + increment.float()
        posed = [decode(state, evidence, self.body)]
        for _ in range(self.config.stages if stages is None else stages):
            residuals = compare(posed[-1], evidence)
            seen = limited(residuals.points, residuals.world, residuals.energies)
            felt = torch.cat([state, *seen, context], 1)
            with half_precision(self.half_precision, evidence.points):
                increment, memory = self.stage(felt, memory)
            state = state + increment.float()
            posed.append(decode(state, evidence, self.body))
        return posed


def flat(evidence: Evidence) -> Tensor:
    """All of the evidence in one row (B, EVIDENCE_SIZE)."""
    trust = evidence.trust[..., None]
    seen = torch.cat([evidence.points, evidence.world, evidence.depth[..., None], trust], 2)
    return torch.cat([seen.flatten(1), evidence.extent.log()], 1)


def mean_state(rotations: Tensor) -> Tensor:
    """State (STATE,) of the mean of training rotations (N, 22, 3, 3), average shape, a person in
    the middle of view.
    """
    six = six_from_matrix(rotations).mean(0)
    assert six.shape == (JOINTS, 6)
    return torch.cat([six.flatten(), torch.zeros(PHENOTYPES), torch.zeros(3)])
