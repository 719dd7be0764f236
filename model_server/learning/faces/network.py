# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned descent of a face: the body's descent (`network/descent.py`) with a face's state,
evidence and residuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.details.reading import told, told_size
from model_server.learning.faces.config import FaceNetworkConfig
from model_server.learning.faces.evidence import FaceEvidence
from model_server.learning.faces.face_model import FaceModel
from model_server.learning.faces.points import POINTS
from model_server.learning.network.energy import by_trust, robust
from model_server.learning.network.layers import Recurrence, half_precision
from model_server.learning.network.state import project

ACTIONS: Final = 52
DOUBT: Final = 0.1
_RIDGE: Final = 3.0
_RADIUS_M: Final = 0.06  # of an average face's points
EVIDENCE_SIZE: Final = len(POINTS) * 6 + 7 + told_size(len(POINTS))
RESIDUAL_SIZE: Final = len(POINTS) * 5 + 5
# Of a face that looks into the virtual camera: rest axes x left, y back, to x right, z forward.
AHEAD: Final = (1.0, 0, 0, 0, 0, 1.0)


@dataclass(frozen=True)
class PosedFace:
    """A state, decoded in the virtual camera."""

    rotation: Tensor  # (B, 3, 3) virtual camera from the head's rest axes
    raw_actions: Tensor  # (B, A) before they are bounded
    identity: Tensor  # (B, I)
    place: Tensor  # (B, 3) lateral extents, log distance
    points: Tensor  # (B, P, 2) projected, divided by the evidence's extent
    solid: Tensor  # (B, P) depth around the middle, divided likewise

    @property
    def actions(self) -> Tensor:
        """(B, A) 0…1; a resting face is exactly at rest."""
        return bounded(self.raw_actions)

    @property
    def sure_actions(self) -> Tensor:
        """The same less doubt, which is what the server tells: what is slight is most often the
        detector's error.
        """
        return relu(self.actions - DOUBT) / (1 - DOUBT)


def bounded(actions: Tensor) -> Tensor:
    """Cut at 0 and 1; by ReLUs, as the exporter breaks graphs that clamp the same values twice."""
    return 1 - relu(1 - relu(actions))


def decode(state: Tensor, evidence: FaceEvidence, face: FaceModel) -> PosedFace:
    """State (B, S) → PosedFace."""
    six, actions, place, identity = state.split([6, ACTIONS, 3, len(face.basis)], 1)
    rotation = matrix_from_6d(six)
    turned = face(identity, bounded(actions)) @ rotation.transpose(-1, -2)
    translation = place_in_view(place, evidence.extent)
    points = project(turned + translation[:, None]) / evidence.extent[:, None]
    solid = turned[..., 2] / translation[:, 2:] / evidence.extent
    return PosedFace(rotation, actions, identity, place, points, solid)


def place_in_view(place: Tensor, extent: Tensor) -> Tensor:
    """Lateral extents and log distance (B, 3) → where the middle of the face is (B, 3), metres."""
    distance = _RADIUS_M * torch.exp(place[:, 2:].clamp(-2, 2)) / extent
    return torch.cat([place[:, :2] * extent * distance, distance], 1)


def place_of(translation: Tensor, extent: Tensor) -> Tensor:
    """The inverse of `place_in_view` for what is before the camera."""
    distance = translation[:, 2:].clamp(min=0.05)
    aside = translation[:, :2] / (extent * distance)
    return torch.cat([aside, torch.log(extent * distance / _RADIUS_M)], 1)


def compare(posed: PosedFace, evidence: FaceEvidence) -> tuple[Tensor, Tensor]:
    """Residuals (B, P * 5), projected minus seen by the detector and by the encoder, deep minus
    seen; energies (B, 5): reprojection, depth, how much the face does, how unusual it is,
    reprojection on the encoder's places.
    """
    points = posed.points - evidence.points
    second, trust = posed.points - evidence.sight.heat, evidence.sight.heat_trust
    deep = (posed.solid - posed.solid.mean(1, keepdim=True) - evidence.depth)[..., None]
    energies = [
        robust(points).mean(1),
        robust(deep).mean(1),
        posed.actions.mean(1),
        posed.identity.square().mean(1),
        by_trust(robust(second), trust),
    ]
    second = second * (trust > 0)[..., None]
    return torch.cat([points, second, deep], 2).flatten(1), torch.stack(energies, 1)


def flat(evidence: FaceEvidence) -> Tensor:
    """All of the evidence in one row (B, E)."""
    parts = [evidence.points, evidence.depth[..., None], evidence.frontal]
    seen = torch.cat(parts, 2).flatten(1)
    picture = told(evidence.sight, evidence.points)
    return torch.cat([seen, evidence.turn, evidence.extent.log(), picture], 1)


class FaceDescent(Recurrence):
    """Evidence → the states of all stages, the first guess included."""

    def __init__(self, config: FaceNetworkConfig) -> None:
        resting = torch.zeros(6 + ACTIONS + 3 + config.identity)
        resting[:6] = torch.tensor(AHEAD)
        super().__init__(config, resting, evidence=EVIDENCE_SIZE, residuals=RESIDUAL_SIZE)
        self.config = config
        self.face = FaceModel(config.identity, ACTIONS)
        self.linear = nn.Linear(EVIDENCE_SIZE, len(resting)).requires_grad_(False)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.half_precision = False  # in training: networks in bfloat16, geometry never

    def forward(self, evidence: FaceEvidence, stages: int | None = None) -> list[PosedFace]:
        seen = flat(evidence)
        with half_precision(self.half_precision, evidence.points):
            context, increment, memory = self.begin(seen)
        state = self.mean_state + self.linear(seen) + increment.float()
        posed = [decode(state, evidence, self.face)]
        for _ in range(self.config.stages if stages is None else stages):
            residuals, energies = compare(posed[-1], evidence)
            felt = torch.cat([state, residuals.clamp(-3, 3), energies, context], 1)
            with half_precision(self.half_precision, evidence.points):
                increment, memory = self.stage(felt, memory)
            state = state + increment.float()
            posed.append(decode(state, evidence, self.face))
        return posed

    @torch.no_grad()
    def learn_linear(self, seen: Tensor, states: Tensor) -> None:
        """Solve for the part of the first guess that is linear in the evidence (N, E); it stays as
        it is in training. States (N, S) are what a perfect network would say.
        """
        ones = torch.ones_like(seen[:, :1])
        inputs = torch.cat([seen, ones], 1).double()
        ridge = _RIDGE * torch.eye(inputs.shape[1], dtype=torch.double)
        targets = (states - self.mean_state).double()
        solution = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ targets).float()
        self.linear.weight.copy_(solution[:-1].T)
        self.linear.bias.copy_(solution[-1])
