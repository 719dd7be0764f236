# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.training.withheld import StraightHips, bent_hips


def raised_thighs(degrees: list[float]) -> torch.Tensor:
    """Poses whose left thigh is raised forwards, by angles from the reference pose."""
    angle = torch.tensor(degrees).deg2rad()
    rotations = torch.eye(3).repeat(len(degrees), len(POSE_BONES), 1, 1)
    thigh = rotations[:, POSE_BONES.index("upperleg01.L")]
    thigh[:, 1, 1] = thigh[:, 2, 2] = angle.cos()
    thigh[:, 2, 1], thigh[:, 1, 2] = -angle.sin(), angle.sin()
    return rotations


class Kicks:
    """A sampler of whom every other one kicks."""

    def sample(self, _rng: np.random.Generator, n: int) -> np.ndarray:
        return raised_thighs([0.0 if i % 2 else 90.0 for i in range(n)]).numpy()


def test_a_raised_thigh_is_a_bent_hip_however_the_person_is_turned(
    landmark_model: LandmarkModel,
) -> None:
    rotations = raised_thighs([0, 30, 90, 110])
    assert bent_hips(rotations, landmark_model).tolist() == [False, False, True, True]
    rotations[:, 0] = torch.diag(torch.tensor([1.0, -1, -1]))
    assert bent_hips(rotations, landmark_model).tolist() == [False, False, True, True]


def test_no_imagined_pose_bends_a_hip(landmark_model: LandmarkModel) -> None:
    poses = StraightHips(Kicks(), landmark_model).sample(np.random.default_rng(0), 7)
    assert len(poses) == 7
    assert not bent_hips(torch.from_numpy(poses), landmark_model).any()
