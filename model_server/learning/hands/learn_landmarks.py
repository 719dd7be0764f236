# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn which points of a hand the detector means: `python -m
model_server.learning.hands.learn_landmarks`.

As for the body (`learning/body/learn_landmarks.py`): for every landmark the offset in its bone's
frame that best explains, over all samples, where the detector put it; errors far beyond the usual
do not count. Train the network again afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from model_server.landmark_names import HAND_LANDMARKS
from model_server.learning.hands.batch import Hands, hands_of
from model_server.learning.hands.hand_model import LANDMARKS, OFFSETS, HandModel
from model_server.learning.hands.store import read_shards

log = logging.getLogger(__name__)
USUAL: Final = 0.08  # palms: Geman-McClure scale
RIDGE: Final = 1e-3  # times the number of samples
ROUNDS: Final = 30


@torch.no_grad()
def learn(hands: Hands, model: HandModel) -> Tensor:
    """Offsets (21, 3) in palms from the bones' ends, in the axes of the bones that carry them."""
    _, frames = model.chain(model.fingers(hands.angles), hands.palm)
    ends = hands.points_cam / hands.palm_m[:, None, None]
    offsets = torch.zeros(LANDMARKS, 3)
    for _ in range(ROUNDS):
        points = ends + (frames @ offsets[..., None]).squeeze(-1)
        offsets = offsets + step(hands, points, frames)
    return offsets


def step(hands: Hands, points: Tensor, frames: Tensor) -> Tensor:
    """One Gauss-Newton step (21, 3) with Geman-McClure weights; errors in palms across the ray."""
    seen = hands.detection
    depth = points[..., 2:]
    tangents = (seen.landmarks_px - seen.center_px[:, None]) / seen.focal_px[:, None, None]
    error = tangents * depth - points[..., :2]
    weight = 1 / (1 + (error.norm(dim=2) / USUAL).square()).square()
    jacobian = frames[:, :, :2] - points[..., :2, None] / depth[..., None] * frames[:, :, 2:]
    normal = torch.einsum("nl,nlij,nlik->ljk", weight, jacobian, jacobian)
    right = torch.einsum("nl,nlij,nli->lj", weight, jacobian, error)
    return torch.linalg.solve(normal + RIDGE * len(points) * torch.eye(3), right)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/hands/train"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    offsets = learn(hands_of(read_shards(arguments.samples)), HandModel())
    learned = {
        name: [round(value, 4) for value in offset]
        for name, offset in zip(HAND_LANDMARKS, offsets.tolist(), strict=True)
    }
    for name, offset in learned.items():
        log.info("%-12s %s", name, offset)
    OFFSETS.write_text(json.dumps(learned, indent=1) + "\n")


if __name__ == "__main__":
    main()
