# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn which points of the body the detector means: `python -m
model_server.learning.body.learn_landmarks`.

For every landmark, the offset in its pose bone's frame that best explains, over all samples in
which the landmark was seen well, where the detector put it in the picture. Wrong answers must not
count: averaged over, they draw every point towards the middle of the body. So errors far beyond
the usual are ignored, and points of the face are learned from heads that face the camera (of
heads seen from behind the detector tells the face too, and means something else). Left and right
are learned as one. Writes the offsets that `landmark_regressors` builds on; export the asset again
afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from model_server.landmark_names import POSE_LANDMARKS, mirror_order
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.landmark_regressors import LEARNED_OFFSETS, offset_in_use
from model_server.learning.samples.store import read_shards
from model_server.learning.training.batch import People, people_of

log = logging.getLogger(__name__)
SEEN: Final = 0.8
USUAL_M: Final = 0.03  # Geman-McClure scale: errors far beyond it do not count
RIDGE: Final = 1e-3  # times the number of samples
ROUNDS: Final = 40
# Where a point of the left half of the face looks, in the body frame (x left, y back), and how
# nearly it must look at the camera to be learned from.
OUTWARD: Final = {
    "nose": (0.0, -1.0, 0.0),
    "left_eye_inner": (0.3, -0.95, 0.0),
    "left_eye": (0.3, -0.95, 0.0),
    "left_eye_outer": (0.6, -0.8, 0.0),
    "left_ear": (0.6, -0.8, 0.0),
    "mouth_left": (0.3, -0.95, 0.0),
}
FACING: Final = 0.4  # cosine


@torch.no_grad()
def learn(people: People, body: LandmarkModel) -> Tensor:
    """Offsets (33, 3) in metres to add to the regressors, in the reference pose of an adult."""
    landmarks, frames = posed(people, body)
    placed = landmarks + people.translation[:, None]
    usable = (people.detection.visibility > SEEN) & facing(placed, frames)
    offsets = torch.zeros(len(POSE_LANDMARKS), 3)
    for _ in range(ROUNDS):
        points = placed + (frames @ offsets[..., None]).squeeze(-1)
        offsets = symmetric(offsets + step(people, points, frames, usable))
    return offsets


def posed(people: People, body: LandmarkModel) -> tuple[Tensor, Tensor]:
    """Landmarks (N, 33, 3) relative to the root's head and their bones' frames (N, 33, 3, 3),
    camera axes.
    """
    landmarks, _ = body(people.phenotypes, people.rotations)
    world = body.world(people.rotations)
    carrier = torch.stack([body.carrier(name) for name in POSE_LANDMARKS])
    return landmarks[:, : len(POSE_LANDMARKS)], world[:, carrier]


def facing(points: Tensor, frames: Tensor) -> Tensor:
    """Whether (N, 33) points (N, 33, 3) of the face look at the camera; others always do."""
    outward = torch.zeros(len(POSE_LANDMARKS), 3)
    for name, direction in OUTWARD.items():
        outward[POSE_LANDMARKS.index(name)] = torch.tensor(direction)
    outward = outward + outward[list(mirror_order(POSE_LANDMARKS))] * torch.tensor([-1.0, 1.0, 1.0])
    outward = torch.nn.functional.normalize(outward, dim=1)
    to_camera = -torch.nn.functional.normalize(points, dim=2)
    cosine = ((frames @ outward[..., None]).squeeze(-1) * to_camera).sum(2)
    return (cosine > FACING) | (outward.norm(dim=1) == 0)


def step(people: People, points: Tensor, frames: Tensor, usable: Tensor) -> Tensor:
    """One Gauss-Newton step (33, 3) with Geman-McClure weights; errors in metres across the
    ray.
    """
    seen = people.detection
    depth = points[..., 2:]
    tangents = (seen.landmarks_px - seen.center_px[:, None]) / seen.focal_px[:, None, None]
    error = tangents * depth - points[..., :2]
    weight = usable / (1 + (error.norm(dim=2) / USUAL_M).square()).square()
    jacobian = frames[:, :, :2] - points[..., :2, None] / depth[..., None] * frames[:, :, 2:]
    normal = torch.einsum("nl,nlij,nlik->ljk", weight, jacobian, jacobian)
    right = torch.einsum("nl,nlij,nli->lj", weight, jacobian, error)
    return torch.linalg.solve(normal + RIDGE * len(points) * torch.eye(3), right)


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
