# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn which points of the body the detector means: `python -m
model_server.learning.body.learn_landmarks`.

For every landmark, the offset in its pose bone's frame that best explains, over all samples in
which the landmark was seen well, where the detector put it in the picture; robust least squares,
left and right learned as one. Writes the offsets that `landmark_regressors` builds on; export the
asset again afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import torch
from torch import Tensor

from model_server.landmark_names import POSE_LANDMARKS, mirror_order
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.landmark_regressors import LEARNED_OFFSETS, offset_in_use
from model_server.learning.samples.store import read_shards
from model_server.learning.training.batch import People, people_of

log = logging.getLogger(__name__)
SEEN = 0.8
ROBUST_PX = 3.0
RIDGE = 50.0
ROUNDS = 10


@torch.no_grad()
def learn(people: People, body: LandmarkModel) -> Tensor:
    """Offsets (33, 3) in metres to add to the regressors, in the reference pose of an adult."""
    landmarks, frames = posed(people, body)
    offsets = torch.zeros(len(POSE_LANDMARKS), 3)
    for _ in range(ROUNDS):
        points = landmarks + (frames @ offsets[..., None]).squeeze(-1) + people.translation[:, None]
        offsets = offsets + step(people, points, frames)
        offsets = symmetric(offsets)
    return offsets


def posed(people: People, body: LandmarkModel) -> tuple[Tensor, Tensor]:
    """Landmarks (N, 33, 3) relative to the root's head and their bones' frames (N, 33, 3, 3),
    camera axes.
    """
    landmarks, _ = body(people.phenotypes, people.rotations)
    world = body.world(people.rotations)
    carrier = torch.stack([body.carrier(name) for name in POSE_LANDMARKS])
    return landmarks[:, : len(POSE_LANDMARKS)], world[:, carrier]


def step(people: People, points: Tensor, frames: Tensor) -> Tensor:
    """One Gauss-Newton step (33, 3) with Huber weights."""
    seen = people.detection
    focal = seen.focal_px[:, None, None]
    projected = points[..., :2] / points[..., 2:] * focal + seen.center_px[:, None]
    error = seen.landmarks_px - projected
    weight = (seen.visibility > SEEN) * (ROBUST_PX / error.norm(dim=2).clamp(min=ROBUST_PX))
    jacobian = (
        frames[:, :, :2] - points[..., :2, None] / points[..., 2:, None] * frames[:, :, 2:]
    ) * (focal / points[..., 2:])[..., None]
    normal = torch.einsum("nl,nlij,nlik->ljk", weight, jacobian, jacobian) + RIDGE * torch.eye(3)
    right = torch.einsum("nl,nlij,nli->lj", weight, jacobian, error)
    return torch.linalg.solve(normal, right)


def symmetric(offsets: Tensor) -> Tensor:
    """Offsets (33, 3) averaged with their mirror images."""
    mirrored = offsets[list(mirror_order(POSE_LANDMARKS))] * torch.tensor([-1.0, 1.0, 1.0])
    return (offsets + mirrored) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=Path(".cache/samples/train"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    people = people_of(read_shards(arguments.samples))
    offsets = learn(people, LandmarkModel(BodyModel()))
    learned = {}
    for name, offset in zip(POSE_LANDMARKS, offsets.tolist(), strict=True):
        known = offset_in_use(name)
        learned[name] = [round(a + b, 4) for a, b in zip(known, offset, strict=True)]
        log.info("%-18s moved by %s mm", name, [round(1000 * value) for value in offset])
    LEARNED_OFFSETS.write_text(json.dumps(learned, indent=1) + "\n")


if __name__ == "__main__":
    main()
