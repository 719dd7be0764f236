# SPDX-License-Identifier: GPL-3.0-or-later
"""More people than were rendered: new poses that borrow a rendered person's detector errors.

Rendering and detecting is slow, posing is fast. A new person takes the errors of the most
similarly posed of some rendered people, scaled to their size, so that the errors still fit the
pose roughly and the poses are never twice the same.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.mocap.so3 import Array
from model_server.learning.network.evidence import Detection, nothing_closer
from model_server.learning.network.picture import nothing_read
from model_server.learning.network.state import LANDMARKS, project
from model_server.learning.samples.people import random_people
from model_server.learning.training.batch import People


class Poses(Protocol):
    """Where poses come from, as `mocap.augment.PoseSampler`."""

    def sample(self, rng: np.random.Generator, n: int) -> Array: ...


@torch.no_grad()
def imagined(donors: People, poses: Poses, body: LandmarkModel, rng: np.random.Generator) -> People:
    """As many new people as there are donors."""
    drawn = random_people(poses.sample(rng, len(donors)), body, rng)
    rotations, phenotypes = torch.from_numpy(drawn.rotations), torch.from_numpy(drawn.phenotypes)
    translation = torch.from_numpy(drawn.translation)
    focal, centre = torch.from_numpy(drawn.focal_px), torch.from_numpy(drawn.center_px)
    points, hip_centred = true_points(rotations, phenotypes, translation, body)
    donor_points, donor_centred = true_points(
        donors.rotations, donors.phenotypes, donors.translation, body
    )
    chosen = torch.cdist(hip_centred.flatten(1), donor_centred.flatten(1)).argmin(1)
    donor, donor_points, donor_centred = donors[chosen], donor_points[chosen], donor_centred[chosen]
    seen, donor_focal = donor.detection, donor.detection.focal_px
    px = points * focal[:, None, None] + centre[:, None]
    donor_px = donor_points * donor_focal[:, None, None] + seen.center_px[:, None]
    grow = (size(px) / size(donor_px))[:, None]
    ends, ends_trust = nothing_closer(px)
    detection = Detection(
        landmarks_px=px + (seen.landmarks_px - donor_px) * grow[..., None],
        visibility=seen.visibility,
        world=hip_centred + seen.world - donor_centred,
        depth=pixels_deep(hip_centred, translation, focal)
        + (seen.depth - pixels_deep(donor_centred, donor.translation, donor_focal)) * grow,
        focal_px=focal,
        center_px=centre,
        ends=ends,
        ends_trust=ends_trust,
    )
    reading = nothing_read(detection)
    unseen = torch.zeros_like(reading.features)
    return People(detection, reading, unseen, rotations, phenotypes, translation)


def true_points(
    rotations: Tensor, phenotypes: Tensor, translation: Tensor, body: LandmarkModel
) -> tuple[Tensor, Tensor]:
    """Tangents (N, 33, 2) of the landmarks, and the landmarks (N, 33, 3) hip-centred, camera axes,
    metres.
    """
    landmarks = body(phenotypes, rotations)[0][:, :LANDMARKS]
    hips = landmarks[:, 23:25].mean(1, keepdim=True)
    return project(landmarks + translation[:, None]), landmarks - hips


def pixels_deep(hip_centred: Tensor, translation: Tensor, focal: Tensor) -> Tensor:
    """Depth (N, 33) relative to the hips in pixels, as the detector scales it."""
    return hip_centred[..., 2] * (focal / translation[:, 2])[:, None]


def size(px: Tensor) -> Tensor:
    """Larger side (N,) of the landmarks' box."""
    return (px.amax(1) - px.amin(1)).amax(1)
