# SPDX-License-Identifier: GPL-3.0-or-later
"""The classic alternative, as a baseline: minimise the same energy by gradients at run time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.rotations import cross, six_from_matrix
from model_server.learning.network.energy import Energy, total
from model_server.learning.network.evidence import Evidence
from model_server.learning.network.picture import Sight
from model_server.learning.network.state import Posed, decode

STEP_SIZE: Final = 0.03
_TORSO: Final = indices(
    POSE_LANDMARKS, ["left_shoulder", "right_shoulder", "left_hip", "right_hip"]
)


def fit(
    mean_state: Tensor,
    evidence: Evidence,
    sight: Sight,
    body: LandmarkModel,
    steps: Sequence[int],
) -> list[Posed]:
    """Bodies after each of the ascending numbers of Adam's steps, from the mean pose (STATE,)
    turned as the detector's 3D torso is.
    """
    state = mean_state.expand(len(evidence.points), -1).clone()
    state[:, :6] = six_from_matrix(torso_rotation(evidence))
    state.requires_grad_()
    compare = Energy()
    optimizer = torch.optim.Adam([state], lr=STEP_SIZE)
    fitted: list[Posed] = []
    for step in range(max(steps) + 1):
        if step in steps:
            with torch.no_grad():
                fitted.append(decode(state, evidence, body))
        energy = total(compare(decode(state, evidence, body), evidence, sight))
        optimizer.zero_grad()
        energy.sum().backward()
        optimizer.step()
    return fitted


def torso_rotation(evidence: Evidence) -> Tensor:
    """virtual_from_body (B, 3, 3) as the detector's 3D shoulders and hips stand."""
    points = evidence.world @ evidence.cam_from_virtual
    left_shoulder, right_shoulder, left_hip, right_hip = points[:, list(_TORSO)].unbind(1)
    left = normalize(left_shoulder - right_shoulder + left_hip - right_hip, dim=1)
    up = left_shoulder + right_shoulder - left_hip - right_hip
    up = normalize(up - (up * left).sum(1, keepdim=True) * left, dim=1)
    return torch.stack([left, cross(up, left), up], 2)
