# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import numpy as np
import torch

from model_server.landmark_names import POSE_LANDMARKS
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.learn_landmarks import facing, learn, posed
from model_server.learning.samples.store import Samples
from model_server.learning.training.batch import people_of


def test_a_detector_that_means_other_points_is_understood_though_it_errs_towards_the_middle(
    samples: Samples, landmark_model: LandmarkModel
) -> None:
    sure = dataclasses.replace(samples, visibility=np.ones_like(samples.visibility))
    people = people_of(sure)
    meant = torch.zeros(len(POSE_LANDMARKS), 3)
    for name, side in (("left_knee", 1.0), ("right_knee", -1.0)):
        meant[POSE_LANDMARKS.index(name)] = torch.tensor([0.02 * side, -0.03, 0.01])
    landmarks, frames = posed(people, landmark_model)
    wrong = torch.rand(landmarks.shape[:2], generator=torch.Generator().manual_seed(0)) < 0.2
    points = landmarks + (frames @ meant[..., None]).squeeze(-1) + people.translation[:, None]
    seen = people.detection
    px = points[..., :2] / points[..., 2:] * seen.focal_px[:, None, None] + seen.center_px[:, None]
    from_behind = ~facing(landmarks + people.translation[:, None], frames)
    middle = px.mean(1, keepdim=True)
    px = torch.where((wrong | from_behind)[..., None], 0.5 * (px + middle), px)
    told = dataclasses.replace(people, detection=dataclasses.replace(seen, landmarks_px=px))
    learned = learn(told, landmark_model)
    assert (learned - meant).norm(dim=1).max() < 0.004
