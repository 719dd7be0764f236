# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned descent and its relatives: a first guess, then M stages that lower the energy.

A stage of HUND (Zanfir et al., CVPR 2021) sees the state, the residuals and energies of that
state, a context encoding of the evidence, and a memory; it answers with an increment of the state,
without gradients. All stages share one set of weights. `config.METHODS` names the relatives: LGD
(Song et al., ECCV 2020) and HMR (Kanazawa et al., CVPR 2018).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import torch
from torch import Tensor

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.network.config import (
    ALIGNMENT,
    ENERGIES,
    GRADIENT,
    PRIOR,
    RESIDUALS,
    TERMS,
    NetworkConfig,
)
from model_server.learning.network.energy import Energy, Residuals, total
from model_server.learning.network.evidence import ENDS, Evidence
from model_server.learning.network.layers import Recurrence, half_precision, limited
from model_server.learning.network.picture import FEATURES, PARTS, Sight, as_read
from model_server.learning.network.start import Start
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES, STATE, Posed, decode

T = TypeVar("T", bound=Any)
EVIDENCE_SIZE: Final = LANDMARKS * (7 + 3) + len(ENDS) * (6 + 1) + 3 + FEATURES + 1
SIZES: Final = {
    RESIDUALS: LANDMARKS * 7 + len(ENDS) * 6,
    ALIGNMENT: PARTS * 5,
    PRIOR: 3 * (JOINTS - 1),
    ENERGIES: len(TERMS),
    GRADIENT: STATE,
}


@dataclass(frozen=True)
class Place:
    """Where B descents have come to."""

    state: Tensor  # (B, STATE)
    posed: Posed
    residuals: Residuals
    energy: Tensor  # (B,)


class Descent(Recurrence):
    """Evidence and picture → the states of all stages, the first guess included."""

    def __init__(self, config: NetworkConfig, body: LandmarkModel, mean_state: Tensor) -> None:
        residuals = sum(SIZES[name] for name in config.sees)
        super().__init__(config, mean_state, evidence=EVIDENCE_SIZE, residuals=residuals)
        self.config = config
        self.body = body
        self.energy = Energy(config.terms)
        self.half_precision = False  # in training: networks in bfloat16, geometry never

    def forward(
        self, evidence: Evidence, sight: Sight, stages: int | None = None
    ) -> tuple[list[Posed], Tensor]:
        """The bodies of the first guess and of all stages, and their energies (M + 1, B)."""
        trajectory, _ = self.descend(evidence, sight, stages=stages)
        energies = torch.stack([each.energy for each in trajectory])
        return [each.posed for each in trajectory], energies

    def descend(
        self,
        evidence: Evidence,
        sight: Sight,
        *,
        start: Start | None = None,
        stages: int | None = None,
    ) -> tuple[list[Place], Tensor]:
        """The places of the first guess, or of the start for people who have one, and of all
        stages; and the memory (B, M) after the last.
        """
        sight = as_read(sight, self.config.reads)
        with half_precision(self.half_precision, evidence.points):
            context, increment, memory = self.begin(flat(evidence, sight))
        state = self.mean_state + increment.float()
        if start is not None:
            state, memory = start.instead_of(state, memory)
        at = self._at(state, evidence, sight)
        trajectory = [at]
        for _ in range(self._stages(stages)):
            felt = torch.cat([at.state, *self._seen(at, evidence, sight), context], 1)
            with half_precision(self.half_precision, evidence.points):
                increment, memory = self.stage(felt, memory)
            if start is not None:
                increment = start.keeping_body(increment)
            at = self._stepped(at, increment.float(), evidence, sight)
            trajectory.append(at)
        return trajectory, memory

    def _at(self, state: Tensor, evidence: Evidence, sight: Sight) -> Place:
        posed = decode(state, evidence, self.body)
        residuals = self.energy(posed, evidence, sight)
        return Place(state, posed, residuals, total(residuals))

    def _stepped(self, at: Place, increment: Tensor, evidence: Evidence, sight: Sight) -> Place:
        """Where a step leads; with a safeguard nowhere for people whose energy it would raise. The
        memory goes on, so that the next stage tries something else.
        """
        there = self._at(at.state + increment, evidence, sight)
        return lower(there, at) if self.config.safeguarded else there

    def _stages(self, wanted: int | None) -> int:
        if wanted is None or not self.config.stages:
            return self.config.stages
        return wanted

    def _seen(self, at: Place, evidence: Evidence, sight: Sight) -> list[Tensor]:
        """What the stages of this method see of a state, each (B, SIZES[name])."""
        residuals = at.residuals
        alignment = residuals.alignment
        seen: list[Tensor] = []
        if RESIDUALS in self.config.sees:
            seen += [residuals.points, residuals.second, residuals.world, residuals.ends]
        if ALIGNMENT in self.config.sees:
            seen += [alignment.cover, alignment.stay, alignment.seen]
        if PRIOR in self.config.sees:
            seen += [residuals.latent]
        if ENERGIES in self.config.sees:
            seen += [residuals.energies]
        if GRADIENT in self.config.sees:
            seen += [self._gradient(at.state, evidence, sight)]
        return limited(*seen)

    @torch.enable_grad()
    def _gradient(self, state: Tensor, evidence: Evidence, sight: Sight) -> Tensor:
        """Of the energy with respect to the state (B, STATE); no gradient flows through it."""
        leaf = state.detach().requires_grad_()
        energy = total(self.energy(decode(leaf, evidence, self.body), evidence, sight))
        (gradient,) = torch.autograd.grad(energy.sum(), leaf)
        return gradient


def lower(wanted: Place, other: Place) -> Place:
    """The place that is wanted for people whose energy is not higher there, else the other one."""
    better = wanted.energy <= other.energy
    return chosen(better, wanted, other)


def chosen(which: Tensor, yes: T, no: T) -> T:
    """Tensors, or dataclasses of tensors, for each person (B,) one or the other."""
    if isinstance(yes, Tensor):
        shape = (-1, *(1,) * (yes.dim() - 1))
        return torch.where(which.view(shape), yes, no)
    pairs = {f.name: (getattr(yes, f.name), getattr(no, f.name)) for f in fields(yes)}
    return type(yes)(**{name: chosen(which, *pair) for name, pair in pairs.items()})


def flat(evidence: Evidence, sight: Sight) -> Tensor:
    """All of the evidence and what the picture tells in one row (B, EVIDENCE_SIZE)."""
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
    closer = evidence.ends_trust[..., None] * evidence.ends[..., :2].flatten(2)
    whole = [
        evidence.ends_trust,
        evidence.extent.log(),
        evidence.roll,
        sight.features,
        sight.present,
    ]
    return torch.cat([seen.flatten(1), closer.flatten(1), *whole], 1)


def mean_state(rotations: Tensor) -> Tensor:
    """State (STATE,) of the mean of training rotations (N, 22, 3, 3), average shape, a person in
    the middle of view.
    """
    six = six_from_matrix(rotations).mean(0)
    assert six.shape == (JOINTS, 6)
    return torch.cat([six.flatten(), torch.zeros(PHENOTYPES), torch.zeros(3)])
