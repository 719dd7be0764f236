# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the descents of a clip's frame may begin: with what was found in the frame before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.network.evidence import Evidence
from model_server.learning.network.state import JOINTS, PHENOTYPES, place_of

SHAPE: Final = slice(JOINTS * 6, JOINTS * 6 + PHENOTYPES)  # of a state
LEAST: Final = 1e-3  # of a phenotype and of what it lacks to 1


@dataclass(frozen=True)
class Before:
    """B people in the frame before. Field names are the graph's inputs."""

    start_rotations: Tensor  # (B, 21, 3, 3) relative to the parent
    start_root: Tensor  # (B, 3, 3) cam_from_body
    start_translation: Tensor  # (B, 3) metres, camera frame
    start_phenotypes: Tensor  # (B, 6) 0…1
    start_memory: Tensor  # (B, M) of the descent
    start_there: Tensor  # (B, 1) 1 for people who were there, else 0 and nothing above counts
    start_body: Tensor  # (B, 1) 1 for people whose phenotypes are known and stay


@dataclass(frozen=True)
class Start:
    """The same as a state before the camera of this frame's evidence."""

    state: Tensor  # (B, STATE)
    memory: Tensor  # (B, M)
    there: Tensor  # (B, 1)
    body: Tensor  # (B, 1)

    def instead_of(self, state: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Where to begin with which memory: here for people who were there, else at a guess (B,
        STATE) with what is known of the body.
        """
        guess = state + self._of_body(self.state - state)
        was_there = self.there > 0
        return torch.where(was_there, self.state, guess), torch.where(
            was_there, self.memory, memory
        )

    def keeping_body(self, increment: Tensor) -> Tensor:
        """An increment (B, STATE) without change of the phenotypes that are known."""
        return increment - self._of_body(increment)

    def _of_body(self, change: Tensor) -> Tensor:
        shape = torch.zeros_like(change[0])
        shape[SHAPE] = 1
        return change * shape * self.body


def start_of(before: Before, evidence: Evidence) -> Start:
    """Before → Start: the virtual camera has turned since, and the extent changed."""
    virtual_from_cam = evidence.cam_from_virtual.transpose(-1, -2)
    root = virtual_from_cam @ before.start_root
    turns = torch.cat([root[:, None], before.start_rotations], 1)
    place = (virtual_from_cam @ before.start_translation[..., None]).squeeze(-1)
    shape = torch.logit(before.start_phenotypes, LEAST)
    state = [six_from_matrix(turns).flatten(1), shape, place_of(place, evidence.extent)]
    return Start(torch.cat(state, 1), before.start_memory, before.start_there, before.start_body)
