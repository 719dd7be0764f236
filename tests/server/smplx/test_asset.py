# SPDX-License-Identifier: GPL-3.0-or-later
"""The body that a model file becomes has the model's skin, and does what our body does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.smplx_stand_in import random_person
from model_server.settings import ASSETS
from model_server.smplx.joints import JOINTS, SMPL_FROM_BODY, joint_of_bones, leaders
from model_server.smplx.model import SmplxModel
from model_server.smplx.our_body import ADULT, OurBody, TPosed, turns_to_t_pose
from model_server.smplx.surface import normals_and_areas, surface_distances, triangles

HALF_MM = 5e-4


@pytest.fixture(scope="module")
def made(asset: Path) -> OurBody:
    return OurBody(asset)


def test_it_has_what_our_own_asset_has(asset: Path) -> None:
    with np.load(ASSETS / "anny.npz") as ours, np.load(asset) as file:
        assert set(ours.files) <= set(file.files)
        our_meta, meta = (json.loads(str(each["meta"])) for each in (ours, file))
        assert our_meta.keys() == meta.keys()
        assert meta["source"] == "a model file of SMPL-X, loaded by our own reader"
        assert meta["bone_names"] == [*our_meta["bone_names"], "jaw"]
        for name in ("bone_heads", "rest_matrices", "reference_rotations"):
            assert len(file[name]) == len(meta["bone_names"])
        assert file["weights"].sum(1, dtype=np.int64).tolist() == [65535] * 10475
        for name in file.files[1:]:
            assert file[name].dtype.kind in "iu" or np.isfinite(file[name]).all(), name


def test_skin_shapes_and_joints_are_the_models_own(made: OurBody, model: SmplxModel) -> None:
    betas = np.linspace(-2, 2, 10)
    skin = (made.template + np.tensordot(betas, made.shapes(), 1)) @ SMPL_FROM_BODY.T
    rest = model.rest(betas, np.zeros(0))
    np.testing.assert_allclose(skin, rest, atol=HALF_MM)
    shapes = made.arrays["shape_bone_heads"].astype(np.float64)
    heads = made.arrays["bone_heads"] + np.tensordot(betas, shapes, 1)
    joints = heads[leaders(made.bone_names)] @ SMPL_FROM_BODY.T
    np.testing.assert_allclose(joints, model.joint_regressor @ rest, atol=HALF_MM)


def test_weights_by_joint_are_the_models_own(made: OurBody, model: SmplxModel) -> None:
    own = made.skin_weights()
    by_joint = np.zeros((len(own), len(JOINTS)))
    np.add.at(by_joint.T, joint_of_bones(made.bone_names), own.T)
    np.testing.assert_allclose(by_joint, model.weights, atol=1e-3)


def test_it_rests_in_the_t_pose_and_poses_into_ours(made: OurBody, our_body: OurBody) -> None:
    """Limbs of both point the same way in the reference pose, though they rest otherwise."""
    theirs, ours = (body.bones.reference(ADULT) for body in (made, our_body))
    for start, end in (
        ("upperarm01", "lowerarm01"), ("lowerarm01", "wrist"), ("upperleg01", "lowerleg01"),
        ("lowerleg01", "foot"), ("finger2-1", "finger2-2"), ("finger1-2", "finger1-3"),
    ):  # fmt: skip
        for side in (".L", ".R"):
            lines = [b.head(end + side) - b.head(start + side) for b in (theirs, ours)]
            cosine = lines[0] @ lines[1] / np.prod([np.linalg.norm(line) for line in lines])
            assert np.degrees(np.arccos(min(cosine, 1.0))) < 3, start
    arm = (
        theirs.rest_heads[theirs.names.index("wrist.L")]
        - theirs.rest_heads[theirs.names.index("upperarm01.L")]
    )
    assert arm[0] > 0.95 * np.linalg.norm(arm)


@pytest.mark.parametrize("seed", range(4))
def test_people_have_the_same_surface(
    made: OurBody, our_body: OurBody, model: SmplxModel, seed: int
) -> None:
    person: dict[str, Any] = random_person(
        np.random.default_rng(seed), our_body.meta["phenotype_names"]
    )
    posed = TPosed(our_body, turns_to_t_pose(our_body, model), our_body.everywhere())
    skin, heads = posed.at(person)
    betas = made.bones.coefficients(person)
    root = made.arrays["bone_heads"][0] + betas @ made.arrays["shape_bone_heads"][:, 0]
    own = made.template + np.tensordot(betas, made.shapes(), 1) - root
    away = surface_distances(own, skin - heads[0], triangles(our_body.arrays["faces"]))
    _, areas = normals_and_areas(own, model.faces)
    assert away @ areas / areas.sum() < 0.008
    assert np.abs(betas).max() < 8


def test_faces_say_what_expressions_and_joints_make_of_an_action(made: OurBody) -> None:
    """Left and right do not mix, and the jaw opens the mouth."""
    names = made.meta["facial_action_names"]
    turns, offsets = made.arrays["face_turns_rad"], made.facial_offsets()
    jaw = turns[names.index("jawOpen"), 0]
    assert jaw[0] > np.radians(2)
    chin = made.skin_weights()[:, made.bone_names.index("jaw")].argmax()
    assert offsets[names.index("jawOpen"), chin, 2] < -0.005
    blink = np.linalg.norm(offsets[names.index("eyeBlinkLeft")], axis=1)
    assert made.template[blink > 0.7 * blink.max(), 0].mean() > 0.01
    look = turns[names.index("eyeLookOutLeft"), 1]
    assert abs(look[2]) > np.radians(5)
    assert abs(look[2]) > 3 * abs(look[0])


def test_landmarks_lie_where_ours_do(made: OurBody, our_body: OurBody, model: SmplxModel) -> None:
    posed = TPosed(our_body, turns_to_t_pose(our_body, model), our_body.everywhere())
    skin, heads = posed.at(ADULT)
    betas = made.bones.coefficients(ADULT)
    root = made.arrays["bone_heads"][0] + betas @ made.arrays["shape_bone_heads"][:, 0]
    theirs = made.template + np.tensordot(betas, made.shapes(), 1) - root
    places = [
        np.einsum("ln,lni->li", arrays["landmark_weights"], points[arrays["landmark_vertices"]])
        for arrays, points in ((our_body.arrays, skin - heads[0]), (made.arrays, theirs))
    ]
    assert np.linalg.norm(places[0] - places[1], axis=1).mean() < 0.01
