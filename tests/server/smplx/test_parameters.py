# SPDX-License-Identifier: GPL-3.0-or-later
"""People in SMPL-X's parameters stand where ours do, and look like them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.smplx import random_params
from hund_blender.body import Body
from model_server.body_params import BodyParams, wxyz_from_matrix
from model_server.settings import ASSETS
from model_server.smplx.joints import JAW, JOINTS
from model_server.smplx.model import SmplxModel
from model_server.smplx.parameters import SmplxTerms
from model_server.smplx.rotations import matrices_from_vectors, vectors_from_matrices
from model_server.smplx.surface import normals_and_areas, surface_distances, triangles

ADULT = {"age": 2 / 3}
STILL = BodyParams("anny", (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), {}, ADULT)


@pytest.fixture(scope="module")
def terms(asset: Path) -> SmplxTerms:
    return SmplxTerms(asset)


@pytest.fixture(scope="module")
def ours() -> Body:
    return Body.load(ASSETS / "anny.npz")


@pytest.mark.parametrize("number", range(4))
def test_the_surface_is_that_of_our_body(
    terms: SmplxTerms, model: SmplxModel, ours: Body, number: int
) -> None:
    person = random_params(ours, np.random.default_rng(number), number)
    told = terms.of(person)
    skin, _ = model.posed(told.betas, told.expression, told.vectors, told.transl)
    rest = ours.rest(person.phenotypes, person.facial_actions)
    posed = ours.pose(rest, person.rotations).moved(np.eye(3), rest.heads[0], np.zeros(3))
    away = surface_distances(skin, posed.vertices, triangles(ours.arrays["faces"]))
    _, areas = normals_and_areas(skin, model.faces)
    assert away @ areas / areas.sum() < 0.013


def test_the_camera_turns_and_moves_the_whole(terms: SmplxTerms, model: SmplxModel) -> None:
    """About our root, which is not SMPL-X's."""
    turn, place = matrices_from_vectors(np.array([0.4, 2.0, -0.3])), np.array([0.5, -0.2, 3.0])
    w, x, y, z = wxyz_from_matrix(turn[None])[0].tolist()
    moved = replace(STILL, root=(w, x, y, z), translation=tuple(place))
    still, there = (
        model.posed(told.betas, told.expression, told.vectors, told.transl)[0]
        for told in (terms.of(STILL), terms.of(moved))
    )
    np.testing.assert_allclose(there, still @ turn.T + place, atol=1e-5)


@pytest.mark.parametrize("bone", ["lowerarm01.L", "wrist.R", "upperleg01.R", "head", "finger2-2.L"])
def test_a_bones_turn_is_its_joints_turn(terms: SmplxTerms, bone: str) -> None:
    joint = JOINTS.index({
        "lowerarm01.L": "left_elbow", "wrist.R": "right_wrist", "upperleg01.R": "right_hip",
        "head": "head", "finger2-2.L": "left_index2",
    }[bone])  # fmt: skip
    turn = matrices_from_vectors(np.array([0.2, -0.5, 0.3]))
    w, x, y, z = wxyz_from_matrix(turn[None])[0].tolist()
    still = matrices_from_vectors(terms.of(STILL).vectors)
    turned = matrices_from_vectors(terms.of(replace(STILL, rotations={bone: (w, x, y, z)})).vectors)
    own = vectors_from_matrices(turned @ still.swapaxes(1, 2))
    angles = np.degrees(np.linalg.norm(own, axis=1))
    assert angles[joint] == pytest.approx(np.degrees(np.linalg.norm([0.2, -0.5, 0.3])), abs=0.5)
    assert np.delete(angles, joint).max() < 0.5


def test_a_mouth_opens_by_the_jaw(terms: SmplxTerms) -> None:
    told = terms.of(replace(STILL, facial_actions={"jawOpen": 1.0, "not_known": 1.0}))
    calm = terms.of(STILL)
    assert told.vectors[JAW, 0] > np.radians(2)
    assert np.abs(np.delete(told.vectors - calm.vectors, JAW, 0)).max() < np.radians(1)
    assert np.abs(calm.expression).max() == 0


def test_names_and_sizes_are_the_packages(terms: SmplxTerms) -> None:
    sizes = {name: values.shape for name, values in terms.of(STILL).named().items()}
    assert sizes == {
        "betas": (10,), "global_orient": (3,), "body_pose": (21, 3), "left_hand_pose": (15, 3),
        "right_hand_pose": (15, 3), "jaw_pose": (3,), "leye_pose": (3,), "reye_pose": (3,),
        "expression": (10,), "transl": (3,),
    }  # fmt: skip
