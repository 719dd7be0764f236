# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a hand's descent: one vector per hand, and the hand it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from model_server.learning.body.rotations import matrix_from_6d, six_from_matrix
from model_server.learning.hands.articulation import ANGLES
from model_server.learning.hands.evidence import Evidence, around_mean
from model_server.learning.hands.hand_model import HandModel
from model_server.learning.network.energy import by_trust, robust
from model_server.learning.network.state import project

STATE: Final = 6 + ANGLES + 3
ENERGIES: Final = 4
_USUAL: Final = 0.6  # spread of a hand's landmarks across the view, in palms
_INSIDE: Final = 0.02  # of a joint's range: how near to its limits an angle is told apart


@dataclass(frozen=True)
class Posed:
    """A state, decoded in the virtual camera; lengths in palms."""

    angles: Tensor  # (B, 22)
    fingers: Tensor  # (B, 15, 3, 3)
    palm: Tensor  # (B, 3, 3) virtual_from_palm
    middle: Tensor  # (B, 3) where the mean of the landmarks stands
    joints: Tensor  # (B, 21, 3) bones' ends from the wrist
    landmarks: Tensor  # (B, 21, 3) from the wrist
    points: Tensor  # (B, 21, 2) projected landmarks, divided by the evidence's extent


@dataclass(frozen=True)
class Residuals:
    """How a posed hand disagrees with the evidence."""

    points: Tensor  # (B, 21, 2) projected minus seen, in extents
    second: Tensor  # (B, 21, 2) the same against the encoder's places, zero where it saw nothing
    world: Tensor  # (B, 21, 3) posed minus seen, both around their mean with unit radius
    energies: Tensor  # (B, ENERGIES) reprojection, depth hints, how near to its limits the hand
    # bends, reprojection on the encoder's places


def decode(state: Tensor, evidence: Evidence, model: HandModel) -> Posed:
    """State (B, STATE) → Posed. Any state is a hand that anatomy allows."""
    six, bends, place = state.split([6, ANGLES, 3], 1)
    angles = model.low + (model.high - model.low) * torch.sigmoid(bends)
    middle = place_in_view(place, evidence.extent)
    return posed(angles, matrix_from_6d(six), middle, evidence, model)


def posed(
    angles: Tensor, palm: Tensor, middle: Tensor, evidence: Evidence, model: HandModel
) -> Posed:
    """The hand of angles (B, 22), a turn (B, 3, 3) and a place (B, 3), as the evidence sees it."""
    fingers = model.fingers(angles)
    joints, landmarks = model(fingers, palm)
    placed = landmarks - landmarks.mean(1, keepdim=True) + middle[:, None]
    points = project(placed) / evidence.extent[:, None]
    return Posed(angles, fingers, palm, middle, joints, landmarks, points)


def encode(angles: Tensor, palm: Tensor, model: HandModel) -> Tensor:
    """The state (B, STATE) of hands in the middle of their views."""
    share = (angles - model.low) / (model.high - model.low)
    bends = torch.logit(share, eps=_INSIDE)
    return torch.cat([six_from_matrix(palm), bends, torch.zeros_like(bends[:, :3])], 1)


def place_in_view(place: Tensor, extent: Tensor) -> Tensor:
    """Lateral offset in extents and log distance (B, 3) → place (B, 3) in palms."""
    distance = _USUAL / extent * torch.exp(place[:, 2:].clamp(-1.5, 1.5))
    return torch.cat([place[:, :2] * extent * distance, distance], 1)


def place_of(middle: Tensor, extent: Tensor) -> Tensor:
    """The inverse of `place_in_view` for what is before the camera."""
    distance = middle[:, 2:].clamp(min=0.5)
    return torch.cat([middle[:, :2] / (extent * distance), (distance * extent / _USUAL).log()], 1)


def compare(hand: Posed, evidence: Evidence, model: HandModel) -> Residuals:
    """Residuals of a posed hand; distances count robustly."""
    points = hand.points - evidence.points
    second = hand.points - evidence.sight.heat
    trust = evidence.sight.heat_trust
    world = around_mean(hand.landmarks) - evidence.world
    share = (hand.angles - model.low) / (model.high - model.low)
    strain = (2 * share - 1).square().mean(1)
    energies = [
        robust(points).mean(1),
        robust(world).mean(1),
        strain,
        by_trust(robust(second), trust),
    ]
    return Residuals(points, second * (trust > 0)[..., None], world, torch.stack(energies, 1))
