# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples as tensors: the detection, and the truth in the virtual camera the detection defines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from model_server.landmark_names import POSE_LANDMARKS, mirror_order
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.parts import PART_MIRROR
from model_server.learning.body.pose_bones import MIRROR
from model_server.learning.network.evidence import (
    Detection,
    Evidence,
    nothing_closer,
    roll_matrix,
    see,
)
from model_server.learning.network.picture import Reading, Sight, nothing_read, see_picture
from model_server.learning.network.state import LANDMARKS, project
from model_server.learning.samples.store import Samples

UNREAD: Final = 0.15  # of the pictures are kept from the network, which must do without them too
MISREAD: Final = 0.08  # of the pictures that are read say what is true of somebody else


@dataclass(frozen=True)
class People:
    """Samples as tensors, frames as in `Samples`."""

    detection: Detection
    reading: Reading  # of the picture
    mirror_features: Tensor  # (N, F) the encoder's features of the mirrored picture
    rotations: Tensor  # (N, 22, 3, 3)
    phenotypes: Tensor  # (N, 6)
    translation: Tensor  # (N, 3)

    def __len__(self) -> int:
        return len(self.rotations)

    def __getitem__(self, rows: Tensor | slice) -> People:
        return People(
            self.detection[rows],
            self.reading[rows],
            self.mirror_features[rows].float(),
            self.rotations[rows],
            self.phenotypes[rows],
            self.translation[rows],
        )


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
    """Samples as people whose pictures nobody has read."""

    def tensor(name: str) -> Tensor:
        return torch.from_numpy(getattr(samples, name)).float()

    names = ("landmarks_px", "visibility", "world", "depth", "focal_px", "center_px")
    seen = [tensor(name) for name in names]
    detection = Detection(*seen, *nothing_closer(seen[0]))
    reading = nothing_read(detection)
    truth = (tensor("rotations"), tensor("phenotypes"), tensor("translation"))
    return People(detection, reading, torch.zeros_like(reading.features), *truth)


def mirrored(people: People) -> People:
    """The same people in a picture flipped left to right: exact, detector and all."""
    seen, order = people.detection, list(mirror_order(POSE_LANDMARKS))
    flip = torch.tensor([-1.0, 1.0, 1.0])
    width = 2 * seen.center_px[:, :1]

    def flipped(px: Tensor) -> Tensor:
        return torch.stack([width - px[:, order, 0], px[:, order, 1]], 2)

    detection = replace(
        seen,
        landmarks_px=flipped(seen.landmarks_px),
        visibility=seen.visibility[:, order],
        world=seen.world[:, order] * flip,
        depth=seen.depth[:, order],
        ends=seen.ends[:, [0, 2, 1]] * flip[:, None] * flip,
        ends_trust=seen.ends_trust[:, [0, 2, 1]],
    )
    read = people.reading
    left, top, side = read.crop_px.split(1, 1)
    reading = replace(
        read,
        features=people.mirror_features,
        parts=read.parts[:, list(PART_MIRROR)].flip(3),
        crop_px=torch.cat([width - left - side, top, side], 1),
        heat_px=flipped(read.heat_px),
        heat_trust=read.heat_trust[:, order],
    )
    rotations = people.rotations[:, MIRROR] * flip[:, None] * flip
    return People(
        detection,
        reading,
        read.features,
        rotations,
        people.phenotypes,
        people.translation * flip,
    )


def rolled(people: People, angle: Tensor) -> People:
    """The same people seen by a camera rolled by angle (N,): the detector aligns its crop, so its
    answer turns along. What was read in upright pictures does not; it is left behind.
    """
    roll = roll_matrix(torch.stack([angle.cos(), angle.sin()], 1))
    seen = people.detection
    centre = seen.center_px[:, None]
    px = (seen.landmarks_px - centre) @ roll[:, :2, :2].transpose(-1, -2) + centre
    detection = replace(
        seen,
        landmarks_px=px,
        world=seen.world @ roll.transpose(-1, -2),
        ends=roll[:, None] @ seen.ends,
    )
    rotations = torch.cat([roll[:, None] @ people.rotations[:, :1], people.rotations[:, 1:]], 1)
    translation = (roll @ people.translation[..., None]).squeeze(-1)
    turned = replace(people, detection=detection, rotations=rotations, translation=translation)
    return unread(turned, angle != 0)


def unread(people: People, which: Tensor) -> People:
    """The same people, but of some (N,) nobody has read the picture."""
    there = people.reading.present * ~which[:, None]
    return replace(people, reading=replace(people.reading, present=there))


def misread(people: People, generator: torch.Generator) -> People:
    """The same people, but the features of some are those of others: in photos the encoder errs
    for reasons that renders do not have, and then what the detector says must count.
    """
    wrong = torch.rand(len(people), 1, generator=generator) < MISREAD
    features = people.reading.features
    taken = torch.where(wrong, features.roll(1, dims=0), features)
    return replace(people, reading=replace(people.reading, features=taken))


def truth_of(people: People, evidence: Evidence, body: LandmarkModel) -> Truth:
    virtual_from_cam = evidence.cam_from_virtual.transpose(-1, -2)
    root = virtual_from_cam @ people.rotations[:, 0]
    rotations = torch.cat([root[:, None], people.rotations[:, 1:]], 1)
    translation = (virtual_from_cam @ people.translation[..., None]).squeeze(-1)
    landmarks, joints = body(people.phenotypes, rotations)
    points = project(landmarks + translation[:, None]) / evidence.extent[:, None]
    return Truth(rotations, people.phenotypes, translation, landmarks, joints, points)


def augmented(people: People, generator: torch.Generator) -> People:
    """Random mirror, roll, unread pictures and landmark noise; the detector's own errors are in
    the samples already.
    """
    count = len(people)
    if torch.rand((), generator=generator) < 0.5:
        people = mirrored(people)
    people = unread(people, torch.rand(count, generator=generator) < UNREAD)
    spin = torch.randn(count, generator=generator) * 0.15
    anywhere = torch.rand(count, generator=generator) < 0.05
    turn = (torch.rand(count, generator=generator) * 2 - 1) * torch.pi
    angle = torch.where(anywhere, turn, spin)
    people = rolled(people, torch.where(people.reading.present[:, 0] > 0, 0.0, angle))
    seen = people.detection
    tangents = (seen.landmarks_px - seen.center_px[:, None]) / seen.focal_px[:, None, None]
    size = (tangents.amax(1) - tangents.amin(1)).amax(1) * seen.focal_px
    jitter = torch.randn(seen.landmarks_px.shape, generator=generator) * 0.003 * size[:, None, None]
    return replace(people, detection=replace(seen, landmarks_px=seen.landmarks_px + jitter))


def sight_of(people: People, evidence: Evidence) -> Sight:
    return see_picture(people.reading, people.detection, evidence)


def evidence_and_truth(people: People, body: LandmarkModel) -> tuple[Evidence, Sight, Truth]:
    evidence = see(people.detection)
    assert evidence.points.shape[1] == LANDMARKS
    return evidence, sight_of(people, evidence), truth_of(people, evidence, body)
