# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand inside the graph: 22 angles and a turn to the points that the detector means.

Hands of all shapes are the average hand, scaled: over random people the joints differ from that by
1 % of the palm. Size and distance cannot be told apart in a picture, so lengths are in palms.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from model_server.learning.hands.articulation import (
    ANGLES,
    AXIS_ORDER,
    BONES,
    FREE,
    HIGH,
    LOW,
    reference_hand,
)
from model_server.learning.mocap.so3 import Array

LANDMARKS: Final = 21
OFFSETS: Final = Path(__file__).with_name("landmark_offsets.json")
# Places of the wrist and of the beginnings, second and third joints and tips of the five fingers.
_ORDER: Final = [0, *(1 + finger + 5 * joint for finger in range(5) for joint in range(4))]


class HandModel(nn.Module):
    """All geometry is in buffers that are not part of any checkpoint."""

    low: Tensor
    high: Tensor
    scatter: Tensor
    across: Tensor
    rest: Tensor
    segments: Tensor
    offsets: Tensor

    def __init__(self, offsets: Array | None = None) -> None:
        """`offsets` (21, 3): from the bones' ends to the landmarks, in palms, axes of the bone."""
        super().__init__()
        hand = reference_hand()
        scatter = np.zeros((ANGLES, len(BONES), 3))
        scatter[np.arange(ANGLES), FREE[:, 0], FREE[:, 1]] = 1
        axes = np.stack([hand.frames[:, :, column] for column in AXIS_ORDER], 1)  # (15, 3, 3)
        ends = hand.points[1:].reshape(5, 4, 3)
        known = read_offsets() if offsets is None else offsets
        arrays = {
            "low": LOW,
            "high": HIGH,
            "scatter": scatter.reshape(ANGLES, -1),
            "across": cross_matrices(axes),
            "rest": ends[:, 0],
            "segments": np.diff(ends, axis=1),
            "offsets": known,
        }
        for name, value in arrays.items():
            self.register_buffer(name, torch.from_numpy(value).float(), persistent=False)

    def fingers(self, angles: Tensor) -> Tensor:
        """Angles (B, 22) to rotations (B, 15, 3, 3) relative to the parent."""
        by_axis = (angles @ self.scatter).unflatten(1, (len(BONES), 3))[..., None, None]
        across = self.across
        eye = torch.eye(3, dtype=angles.dtype, device=angles.device)
        turns = eye + by_axis.sin() * across + (1 - by_axis.cos()) * (across @ across)
        return turns[:, :, 0] @ turns[:, :, 1] @ turns[:, :, 2]

    def forward(self, fingers: Tensor, palm: Tensor) -> tuple[Tensor, Tensor]:
        """Rotations (B, 15, 3, 3) and the palm's (B, 3, 3) to the bones' ends and the landmarks.

        Both (B, 21, 3) from the wrist, in palms, in the frame that `palm` turns into.
        """
        ends, carriers = self.chain(fingers, palm)
        return ends, ends + moved(carriers, self.offsets)

    def chain(self, fingers: Tensor, palm: Tensor) -> tuple[Tensor, Tensor]:
        """The bones' ends (B, 21, 3) and how the bones that carry them are turned (B, 21, 3, 3)."""
        by_joint = fingers.unflatten(1, (5, 3))
        turn = palm[:, None].expand(-1, 5, -1, -1)
        ends = [torch.zeros_like(palm[:, :1]), moved(turn, self.rest)]
        carriers = [palm[:, None], turn]
        for bone in range(3):
            turn = turn @ by_joint[:, :, bone]
            ends.append(ends[-1] + moved(turn, self.segments[:, bone]))
            carriers.append(turn)
        return torch.cat(ends, 1)[:, _ORDER], torch.cat(carriers, 1)[:, _ORDER]


def moved(turns: Tensor, points: Tensor) -> Tensor:
    """Points (P, 3) by turns (B, P, 3, 3): (B, P, 3)."""
    return (turns @ points[..., None]).squeeze(-1)


def cross_matrices(axes: Array) -> Array:
    """(..., 3) to the matrices (..., 3, 3) that take the cross product with them."""
    x, y, z = np.moveaxis(axes, -1, 0)
    zero = np.zeros_like(x)
    rows = ((zero, -z, y), (z, zero, -x), (-y, x, zero))
    return np.stack([np.stack(row, -1) for row in rows], -2)


def read_offsets(path: Path = OFFSETS) -> Array:
    """(21, 3), as `learn_landmarks` wrote them."""
    if not path.exists():
        return np.zeros((LANDMARKS, 3))
    return np.array(list(json.loads(path.read_text()).values()), np.float64)
