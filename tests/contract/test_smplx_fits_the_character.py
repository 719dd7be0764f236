# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server says of people in SMPL-X's terms is what the add-on's character shows, and what
it reads again.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.smplx import random_params, there_and_back
from benchmarks.smplx_stand_in import stand_in
from hund_blender.body import Body
from hund_blender.errors import ClipError
from hund_blender.other_results.files import read_result
from hund_blender.other_results.posed_body import average_adult
from hund_blender.rigs import SMPLX, rig_of
from hund_blender.smplx import JOINT_PARENTS, JOINTS
from model_server.settings import ASSETS
from model_server.smplx import joints
from model_server.smplx.asset import asset_of
from model_server.smplx.model import SmplxModel
from model_server.smplx.model_file import read_model
from model_server.smplx.our_body import OurBody
from model_server.smplx.parameters import SmplxTerms
from model_server.smplx.rotations import matrices_from_vectors
from model_server.wire import SmplxAnswer

TENTH_MM = 1e-4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smplx")
    np.savez(folder / "SMPLX_NEUTRAL.npz", **stand_in(20))
    model = read_model(folder / "SMPLX_NEUTRAL.npz")
    (folder / "smplx.npz").write_bytes(asset_of(OurBody(ASSETS / "anny.npz"), model))
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> SmplxModel:
    return read_model(folder / "SMPLX_NEUTRAL.npz")


@pytest.fixture(scope="module")
def body(folder: Path) -> Body:
    return Body.load(folder / "smplx.npz")


@pytest.fixture(scope="module")
def terms(folder: Path) -> SmplxTerms:
    return SmplxTerms(folder / "smplx.npz")


def test_both_sides_know_the_same_joints(body: Body) -> None:
    assert JOINTS == joints.JOINTS
    assert JOINT_PARENTS == joints.PARENTS
    rig = rig_of(SMPLX, body)
    assert set(rig.bone_names) == {*JOINTS, "root"}
    for joint, parent in enumerate(JOINT_PARENTS[1:], start=1):
        above = rig.bone_parents[rig.bone_names.index(JOINTS[joint])]
        assert rig.bone_names[above] == JOINTS[parent]
    for name, bones in joints.GROUPS.items():
        into = {int(rig.merged[body.bone_names.index(bone)]) for bone in bones}
        assert into == {rig.bone_names.index(name)}


@pytest.mark.parametrize("number", range(3))
def test_the_character_has_the_skin_that_the_server_tells(
    body: Body, terms: SmplxTerms, model: SmplxModel, number: int
) -> None:
    """But for the corrections that poses make, which are keys of their own."""
    person = random_params(body, np.random.default_rng(number), number)
    told = terms.of(person)
    plain = SmplxModel(**{**vars(model), "pose_directions": 0 * model.pose_directions})
    # The jaw and the eyes turn among the facial actions, before the skin does.
    told.vectors[joints.JAW : joints.RIGHT_EYE + 1] = 0
    skin, _ = plain.posed(told.betas, np.zeros(0), told.vectors, told.transl)
    rest, rig = body.rest(person.phenotypes), rig_of(SMPLX, body)
    posed = body.pose(rest, person.rotations).moved(np.eye(3), rest.heads[0], np.zeros(3))
    turns, heads = rig.posed(rest, posed.bone_deforms, posed.heads)
    shifts = heads - np.einsum("rij,rj->ri", turns, rig.rest(rest).heads)
    shown = np.einsum("vr,rij,vj->vi", rig.weights, turns, rest.vertices) + rig.weights @ shifts
    np.testing.assert_allclose(shown, skin, atol=TENTH_MM)


def test_a_pose_comes_back(body: Body) -> None:
    vectors = np.random.default_rng(0).normal(0, 0.5, (10, 55, 3))
    vectors[:, joints.JAW : joints.RIGHT_EYE + 1] = 0
    vectors[:, joints.JAW, 0] = np.linspace(0, 0.4, 10)
    back = there_and_back(body, vectors)
    turned = matrices_from_vectors(vectors).swapaxes(-1, -2) @ matrices_from_vectors(back)
    cosines = (np.trace(turned, axis1=-2, axis2=-1) - 1) / 2
    assert np.degrees(np.arccos(cosines.clip(-1, 1))).max() < 0.1


def test_people_of_a_photo_are_read(body: Body, terms: SmplxTerms, tmp_path: Path) -> None:
    told = [terms.of(random_params(body, np.random.default_rng(n), n)) for n in range(2)]
    answers = [
        SmplxAnswer.model_validate({name: part.tolist() for name, part in one.named().items()})
        for one in told
    ]
    path = tmp_path / "people.json"
    contents: dict[str, Any] = {"people": [{"smplx": answer.model_dump()} for answer in answers]}
    path.write_text(json.dumps(contents))
    clip = read_result(path)(body, dict.fromkeys(body.phenotype_names, 0.5))
    assert [len(track.frames) for track in clip.tracks] == [1, 1]
    apart = clip.tracks[1].translation_m - clip.tracks[0].translation_m
    assert np.isfinite(apart).all()
    path.write_text(json.dumps({"people": [{"smplx": None}]}))
    with pytest.raises(ClipError, match="not told in SMPL-X") as caught:
        read_result(path)
    assert "--body smplx" in caught.value.remedy


def test_shape_and_expression_come_back(body: Body, terms: SmplxTerms, tmp_path: Path) -> None:
    """Betas and expressions of a file become the sliders and keys that look like them."""
    person = random_params(body, np.random.default_rng(4), 4)
    face = {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "eyeBlinkLeft": 0.7}
    told = terms.of(replace(person, facial_actions=face))
    path = tmp_path / "person.npz"
    np.savez(path, **{name: part[None] for name, part in told.named().items()})
    (track,) = read_result(path)(body, None).tracks
    found = dict(zip(body.phenotype_names, track.phenotypes.tolist(), strict=True))
    skins = [body.rest(shape).standing().vertices for shape in (person.phenotypes, found)]
    assert np.linalg.norm(skins[0] - skins[1], axis=1).mean() < 0.005
    actions = dict(zip(body.facial_action_names, track.facial_actions[0].tolist(), strict=True))
    offsets = [
        sum(value * body.facial_offsets(name) for name, value in each.items())
        for each in (face, actions)
    ]
    assert np.linalg.norm(offsets[0] - offsets[1], axis=1).max() < 0.004
    assert max(actions.values()) <= 1
    assert actions["jawOpen"] == 0


def test_others_betas_are_not_smplxs(body: Body, tmp_path: Path) -> None:
    """SMPL has 23 joints, and betas of a space of its own."""
    path = tmp_path / "smpl.npz"
    np.savez(path, global_orient=np.zeros((1, 3)), body_pose=np.zeros((1, 69)), betas=np.ones(10))
    (track,) = read_result(path)(body, None).tracks
    assert track.phenotypes.tolist() == list(average_adult(body).values())
