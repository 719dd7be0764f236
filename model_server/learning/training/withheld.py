# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind of people whose labels can be withheld, to show what is learned of them without: those who
bend a hip, as in sitting, crouching, bowing and high kicks.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from model_server.landmark_names import POSE_LANDMARKS
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.mocap.so3 import Array
from model_server.learning.training.imagine import Poses

BENT: Final = np.radians(60.0)  # between a thigh and the trunk drawn on
CHUNK: Final = 4096


@torch.no_grad()
def bent_hips(rotations: Tensor, body: LandmarkModel) -> Tensor:
    """Which (N,) of the poses (N, 22, 3, 3) bend a hip, on a body of average shape."""
    return torch.cat([_bends(part, body) > BENT for part in rotations.split(CHUNK)])


def _bends(rotations: Tensor, body: LandmarkModel) -> Tensor:
    """Angle (N,) of the hip that is bent more, radians."""
    landmarks, _ = body(torch.full((len(rotations), 6), 0.5), rotations)

    def place(name: str) -> Tensor:
        return landmarks[:, POSE_LANDMARKS.index(name)]

    sides = ("left", "right")
    down = sum(place(f"{side}_hip") - place(f"{side}_shoulder") for side in sides)
    thighs = torch.stack([place(f"{side}_knee") - place(f"{side}_hip") for side in sides])
    return cosine_similarity(thighs, torch.as_tensor(down), dim=2).clamp(-1, 1).acos().amax(0)


class StraightHips:
    """Draws poses that bend no hip, so that imagined people do not tell what is withheld."""

    def __init__(self, poses: Poses, body: LandmarkModel) -> None:
        self.poses = poses
        self.body = body

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """(n, 22, 3, 3) float32, as the poses they are chosen from."""
        kept: list[Array] = []
        while sum(map(len, kept)) < n:
            poses = self.poses.sample(rng, n)
            kept.append(poses[~bent_hips(torch.from_numpy(poses), self.body).numpy()])
        return np.concatenate(kept)[:n]
