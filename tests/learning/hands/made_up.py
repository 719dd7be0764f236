# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands whose detector is perfect or nearly so."""

import numpy as np
import torch

from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.hands.articulation import (
    ADULT_PALM_M,
    points_of,
    reference_hand,
    rotations_of,
)
from model_server.learning.hands.evidence import shortest_turn
from model_server.learning.hands.hand_model import HandModel
from model_server.learning.hands.poses import random_hands
from model_server.learning.hands.store import HandSamples

COUNT = 64


def made_up(offsets: np.ndarray, noise: float = 0.0) -> HandSamples:
    """Hands of the average adult, seen as they are."""
    rng = np.random.default_rng(5)
    fingers = rotations_of(random_hands(COUNT, rng))
    palm = matrix_from_6d(torch.from_numpy(rng.normal(size=(COUNT, 6)))).numpy()
    wrist = np.array([0.1, -0.05, 0.0]) + rng.uniform(0.5, 3, (COUNT, 1)) * np.array([0.1, 0.2, 1])
    points = ADULT_PALM_M * points_of(fingers, reference_hand().points)
    ends = points @ palm.swapaxes(1, 2) + wrist[:, None]
    model = HandModel(offsets)
    _, marks = model(torch.from_numpy(fingers).float(), torch.from_numpy(palm).float())
    cam = ADULT_PALM_M * marks.numpy() + wrist[:, None]
    focal, center = np.full(COUNT, 900.0), np.full((COUNT, 2), [-40.0, 30.0])
    px = cam[..., :2] / cam[..., 2:] * 900 + center[:, None] + noise * rng.normal(size=(21, 2))
    turn = shortest_turn(torch.from_numpy(cam.mean(1))).numpy()
    world = (cam - cam.mean(1, keepdims=True)) @ turn
    values = (fingers, palm, ends, np.full((COUNT, 6), 0.5), focal, center, px, world)
    return HandSamples(*(v.astype(np.float32) for v in (*values, np.ones(COUNT))))
