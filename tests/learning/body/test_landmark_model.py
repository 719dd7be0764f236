# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.body.rotations import matrix_from_6d


def test_small_body_agrees_with_the_whole_body(
    body: BodyModel, landmark_model: LandmarkModel
) -> None:
    generator = torch.Generator().manual_seed(3)
    phenotypes = torch.rand(32, 6, generator=generator)
    six = torch.randn(32, len(POSE_BONES), 6, generator=generator) * 0.4
    rotations = matrix_from_6d(six + torch.tensor([1.0, 0, 0, 0, 1, 0]))
    rows = [body.bone_names.index(name) for name in POSE_BONES]
    every = torch.eye(3).repeat(32, len(body.bone_names), 1, 1)
    every[:, rows] = rotations
    with torch.no_grad():
        vertices, heads = body(phenotypes, every)
        every_landmark, joints = landmark_model(phenotypes, rotations)
    landmarks, root = every_landmark[:, : len(body.landmark_names)], heads[:, :1]
    landmark_mm = 1000 * (body.landmark_regressor @ vertices - root - landmarks).norm(dim=2)
    joint_mm = 1000 * (heads[:, rows] - root - joints).norm(dim=2)
    assert landmark_mm.mean() < 2
    assert joint_mm.mean() < 2
    assert landmark_mm.max() < 15  # at the corners of the shape space


def test_turning_the_root_turns_everything(landmark_model: LandmarkModel) -> None:
    generator = torch.Generator().manual_seed(5)
    phenotypes = torch.rand(4, 6, generator=generator)
    six = torch.randn(4, len(POSE_BONES), 6, generator=generator)
    rotations = matrix_from_6d(six)
    turn = matrix_from_6d(torch.randn(4, 6, generator=generator))
    turned = torch.cat([turn[:, None] @ rotations[:, :1], rotations[:, 1:]], 1)
    landmarks, _ = landmark_model(phenotypes, rotations)
    expected = landmarks @ turn.transpose(1, 2)
    assert torch.allclose(landmark_model(phenotypes, turned)[0], expected, atol=1e-5)
