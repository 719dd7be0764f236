# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples as tensors: the detection, and the truth in the virtual camera the detection defines."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model_server.landmark_names import POSE_LANDMARKS, mirror_order
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import MIRROR
from model_server.learning.network.evidence import Detection, Evidence, see
from model_server.learning.network.state import LANDMARKS, project
from model_server.learning.samples.store import Samples


@dataclass(frozen=True)
class People:
    """Samples as tensors, frames as in `Samples`."""

    detection: Detection
    rotations: Tensor  # (N, 22, 3, 3)
    phenotypes: Tensor  # (N, 6)
    translation: Tensor  # (N, 3)

    def __len__(self) -> int:
        return len(self.rotations)

    def __getitem__(self, rows: Tensor | slice) -> People:
        return People(
            self.detection[rows],
            self.rotations[rows],
            self.phenotypes[rows],
            self.translation[rows],
        )

    def to(self, device: torch.device) -> People:
        seen = Detection(*(value.to(device) for value in vars(self.detection).values()))
        truth = (self.rotations, self.phenotypes, self.translation)
        return People(seen, *(value.to(device) for value in truth))


@dataclass(frozen=True)
class Truth:
    """What a perfect network would say, in the virtual camera."""

    rotations: Tensor  # (B, 22, 3, 3)
    phenotypes: Tensor  # (B, 6)
    translation: Tensor  # (B, 3)
    landmarks: Tensor  # (B, L, 3) relative to the root's head
    joints: Tensor  # (B, 22, 3) likewise
    points: Tensor  # (B, L, 2) divided by the extent


def people_of(samples: Samples) -> People:
    def tensor(name: str) -> Tensor:
        return torch.from_numpy(getattr(samples, name)).float()

    names = ("landmarks_px", "visibility", "world", "depth", "focal_px", "center_px")
    detection = Detection(*(tensor(name) for name in names))
    return People(detection, tensor("rotations"), tensor("phenotypes"), tensor("translation"))


def mirrored(people: People) -> People:
    """The same people in a picture flipped left to right: exact, detector and all."""
    seen, order = people.detection, list(mirror_order(POSE_LANDMARKS))
    flip = torch.tensor([-1.0, 1.0, 1.0])
    width = 2 * seen.center_px[:, None]
    px = seen.landmarks_px[:, order]
    px = torch.cat([width[..., :1] - px[..., :1], px[..., 1:]], 2)
    detection = Detection(
        px,
        seen.visibility[:, order],
        seen.world[:, order] * flip,
        seen.depth[:, order],
        seen.focal_px,
        seen.center_px,
    )
    rotations = people.rotations[:, MIRROR] * flip[:, None] * flip
    return People(detection, rotations, people.phenotypes, people.translation * flip)


def rolled(people: People, angle: Tensor) -> People:
    """The same people seen by a camera rolled by angle (N,): the detector aligns its crop, so its
    answer turns along.
    """
    cosine, sine, zero, one = (
        angle.cos(),
        angle.sin(),
        torch.zeros_like(angle),
        torch.ones_like(angle),
    )
    roll = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], 1).unflatten(
        1, (3, 3)
    )
    seen = people.detection
    centre = seen.center_px[:, None]
    px = (seen.landmarks_px - centre) @ roll[:, :2, :2].transpose(-1, -2) + centre
    detection = Detection(
        px,
        seen.visibility,
        seen.world @ roll.transpose(-1, -2),
        seen.depth,
        seen.focal_px,
        seen.center_px,
    )
    rotations = torch.cat([roll[:, None] @ people.rotations[:, :1], people.rotations[:, 1:]], 1)
    translation = (roll @ people.translation[..., None]).squeeze(-1)
    return People(detection, rotations, people.phenotypes, translation)


def truth_of(people: People, evidence: Evidence, body: LandmarkModel) -> Truth:
    virtual_from_cam = evidence.cam_from_virtual.transpose(-1, -2)
    root = virtual_from_cam @ people.rotations[:, 0]
    rotations = torch.cat([root[:, None], people.rotations[:, 1:]], 1)
    translation = (virtual_from_cam @ people.translation[..., None]).squeeze(-1)
    landmarks, joints = body(people.phenotypes, rotations)
    points = project(landmarks + translation[:, None]) / evidence.extent[:, None]
    return Truth(rotations, people.phenotypes, translation, landmarks, joints, points)


def augmented(people: People, generator: torch.Generator) -> People:
    """Random mirror, roll, lens noise and landmark noise; the detector's own errors are in the
    samples already.
    """
    if torch.rand((), generator=generator) < 0.5:
        people = mirrored(people)
    spin = torch.randn(len(people), generator=generator) * 0.15
    anywhere = torch.rand(len(people), generator=generator) < 0.05
    turn = (torch.rand(len(people), generator=generator) * 2 - 1) * torch.pi
    people = rolled(people, torch.where(anywhere, turn, spin))
    seen = people.detection
    tangents = (seen.landmarks_px - seen.center_px[:, None]) / seen.focal_px[:, None, None]
    size = (tangents.amax(1) - tangents.amin(1)).amax(1) * seen.focal_px
    jitter = torch.randn(seen.landmarks_px.shape, generator=generator) * 0.003 * size[:, None, None]
    detection = Detection(
        seen.landmarks_px + jitter,
        seen.visibility,
        seen.world,
        seen.depth,
        seen.focal_px,
        seen.center_px,
    )
    return People(detection, people.rotations, people.phenotypes, people.translation)


def evidence_and_truth(people: People, body: LandmarkModel) -> tuple[Evidence, Truth]:
    evidence = see(people.detection)
    assert evidence.points.shape[1] == LANDMARKS
    return evidence, truth_of(people, evidence, body)
