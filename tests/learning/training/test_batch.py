# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import torch
from torch import Tensor

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.state import LANDMARKS
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import (
    MISREAD,
    People,
    augmented,
    mirrored,
    misread,
    people_of,
    rolled,
)


def reprojection_px(people: People, body: LandmarkModel) -> Tensor:
    """Distance (N, 33) between the detector's landmarks and the projected truth."""
    landmarks, _ = body(people.phenotypes, people.rotations)
    cam = landmarks[:, :LANDMARKS] + people.translation[:, None]
    seen = people.detection
    px = cam[..., :2] / cam[..., 2:] * seen.focal_px[:, None, None] + seen.center_px[:, None]
    return (px - seen.landmarks_px).norm(dim=2)


def test_truth_projects_onto_the_detection(samples: Samples, landmark_model: LandmarkModel) -> None:
    assert reprojection_px(people_of(samples), landmark_model).median() < 2


def test_mirroring_keeps_truth_and_detection_together(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    people = mirrored(people_of(samples))
    # The body is symmetric up to the sculpting of its template.
    assert reprojection_px(people, landmark_model).median() < 2.5


def test_mirroring_twice_changes_nothing(samples: Samples) -> None:
    people = people_of(samples)
    again = mirrored(mirrored(people))
    assert torch.allclose(again.rotations, people.rotations)
    assert torch.allclose(again.detection.landmarks_px, people.detection.landmarks_px, atol=1e-3)


def test_rolling_keeps_truth_and_detection_together(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    people = people_of(samples)
    turned = rolled(people, torch.linspace(-3, 3, len(people)))
    before, after = (reprojection_px(each, landmark_model) for each in (people, turned))
    assert torch.allclose(before, after, atol=0.05)


def test_augmentation_is_seeded(samples: Samples) -> None:
    people = people_of(samples)
    one, two = (augmented(people, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(one.detection.landmarks_px, two.detection.landmarks_px)


def test_some_pictures_tell_of_somebody_else_and_nothing_else_changes(samples: Samples) -> None:
    people = people_of(samples)
    rows = torch.arange(400) % len(people)
    features = torch.rand(400, people.reading.features.shape[1])
    people = people[rows]
    people = replace(people, reading=replace(people.reading, features=features))
    after = misread(people, torch.Generator().manual_seed(0))
    wrong = (after.reading.features != features).any(1)
    assert 0.5 * MISREAD < wrong.float().mean() < 2 * MISREAD
    assert torch.equal(after.reading.features[wrong], features.roll(1, dims=0)[wrong])
    assert torch.equal(after.detection.landmarks_px, people.detection.landmarks_px)
