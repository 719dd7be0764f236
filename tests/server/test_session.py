# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import numpy as np
import onnx
import pytest

from model_server.bones import BodyBones
from model_server.camera import camera_of
from model_server.decode import Decoder, best_look, evidence_of
from model_server.details import Details
from model_server.errors import InternalError
from model_server.hypotheses import vote
from model_server.landmark_names import COCO_FROM_POSE, COCO_JOINTS
from model_server.pipeline import load_pipeline
from model_server.session import OnnxDescent
from tests.server.doubles import made_up_pose
from tests.server.tiny_assets import write_tiny_assets
from tests.server.tiny_descent import BONES, PHENOTYPES

CAMERA = camera_of(640, 480)


@pytest.fixture(scope="module")
def descent(tiny_assets: Path) -> OnnxDescent:
    return OnnxDescent(tiny_assets / "descent.onnx")


def test_the_graph_says_what_it_poses(descent: OnnxDescent) -> None:
    assert descent.config.pose_bones == BONES
    assert descent.config.phenotypes == PHENOTYPES


def test_a_batch_equals_its_members(descent: OnnxDescent) -> None:
    people = [vote([made_up_pose(seed)]) for seed in range(3)]
    together = descent.run(evidence_of(people, CAMERA))
    for i, person in enumerate(people):
        alone = descent.run(evidence_of([person], CAMERA))
        np.testing.assert_allclose(together.keypoints_cam[i], alone.keypoints_cam[0], rtol=1e-5)
        np.testing.assert_allclose(together.energy[i], alone.energy[0], rtol=1e-5)


def test_people_come_back_with_their_own_looks(descent: OnnxDescent, tiny_assets: Path) -> None:
    people = [vote([made_up_pose(0), made_up_pose(1)]), vote([made_up_pose(2)])]
    posed = descent.run(evidence_of(people, CAMERA))
    decoder = Decoder(descent.config, BodyBones(tiny_assets / "anny.npz"))
    answers = decoder.people(posed, people, [Details(), Details()], CAMERA)
    for person, answer in zip(people, answers, strict=True):
        expected = person.pose.landmarks_px[list(COCO_FROM_POSE)]
        np.testing.assert_allclose(answer.keypoints.px, expected, atol=0.01)
        assert answer.keypoints.cam.shape == (len(COCO_JOINTS), 3)
        assert set(answer.parameters.rotations) == set(BONES) == set(answer.joint_confidence)
        assert answer.parameters.root == (1, 0, 0, 0)


def test_the_vote_holds_unless_the_body_explains_another_look_far_better() -> None:
    assert best_look(np.array([1.0, 0.95])) == 0
    assert best_look(np.array([1.0, 0.9, 0.3])) == 2
    assert best_look(np.array([1.0])) == 0


@pytest.mark.parametrize("name", ["descent.onnx", "hands.onnx", "face.onnx"])
def test_a_missing_network_is_told(tmp_path: Path, name: str) -> None:
    write_tiny_assets(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InternalError, match=f"{name} is missing"):
        load_pipeline(tmp_path)


def test_a_network_without_description_is_told(tmp_path: Path, tiny_assets: Path) -> None:
    model = onnx.load(tiny_assets / "descent.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "bare.onnx")
    with pytest.raises(InternalError, match="which bones"):
        OnnxDescent(tmp_path / "bare.onnx")
