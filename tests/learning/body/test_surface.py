# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.parts import PART_NAMES
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.body.surface import POINTS_PER_PART, spread_out, surface_of


def test_points_lie_on_their_parts_and_normals_point_outwards(body: BodyModel) -> None:
    surface = surface_of(body)
    parts = body.vertex_parts[surface.vertices].unflatten(0, (len(PART_NAMES), POINTS_PER_PART))
    assert (parts == torch.arange(len(PART_NAMES))[:, None]).all()
    points = body.template[surface.vertices].unflatten(0, (len(PART_NAMES), POINTS_PER_PART))
    normals = surface.normals.unflatten(0, (len(PART_NAMES), POINTS_PER_PART))
    outwards = ((points - points.mean(1, keepdim=True)) * normals).sum(2)
    assert (outwards > 0).float().mean() > 0.8


def test_skin_points_ride_along_with_the_landmarks(body: BodyModel) -> None:
    surface = surface_of(body)
    small = LandmarkModel(body, surface)
    generator = torch.Generator().manual_seed(0)
    phenotypes = torch.rand(20, 6, generator=generator)
    six = torch.tensor([1.0, 0, 0, 0, 1, 0]) + 0.3 * torch.randn(20, 22, 6, generator=generator)
    rotations = matrix_from_6d(six)
    every = torch.eye(3).repeat(20, len(body.bone_names), 1, 1)
    every[:, [body.bone_names.index(name) for name in POSE_BONES]] = rotations
    vertices, heads = body(phenotypes, every)
    expected = vertices[:, surface.vertices] - heads[:, :1]
    landmarks, _ = small(phenotypes, rotations)
    error = (landmarks[:, len(body.landmark_names) :] - expected).norm(dim=2)
    assert error.mean() < 0.002
    assert error.max() < 0.02


def test_spread_out_points_are_far_apart() -> None:
    line = torch.linspace(0, 1, 101)[:, None]
    chosen = spread_out(line, 3)
    assert sorted(line[chosen, 0].tolist()) == [0.0, 0.5, 1.0]
