# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import evidence_and_truth, people_of
from model_server.learning.training.flawless import flawless


def test_landmarks_are_the_truth_whatever_the_detector_said(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    people = people_of(samples)
    wrong = dataclasses.replace(
        people.detection,
        landmarks_px=people.detection.landmarks_px.flip(1),
        world=people.detection.world * -1,
    )
    people = flawless(dataclasses.replace(people, detection=wrong), landmark_model)
    evidence, _, truth = evidence_and_truth(people, landmark_model)
    miss = (evidence.points - truth.points[:, :33]).norm(dim=2)
    assert 0.005 < miss.median() < 0.1
    hips = truth.landmarks[:, 23:25].mean(1, keepdim=True)
    turned = (truth.landmarks[:, :33] - hips) @ evidence.cam_from_virtual.transpose(-1, -2)
    assert (people.detection.world - turned).norm(dim=2).median() < 0.03
    assert torch.equal(people.detection.visibility, wrong.visibility)
