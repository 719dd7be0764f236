# SPDX-License-Identifier: GPL-3.0-or-later
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from model_server.arrays import FloatArray
from model_server.camera import GivenFocal
from model_server.cli import main
from model_server.correction import Correction
from model_server.errors import BadRequestError, InternalError
from model_server.estimate import Estimate
from model_server.keypoint_files import KeypointFile
from model_server.landmark_names import COCO_FROM_POSE, COCO_JOINTS, POSE_LANDMARKS
from model_server.pipeline import Pipeline, identity_of, pipeline_of
from model_server.session import CERTAIN
from model_server.settings import Settings
from model_server.wire import EstimateAnswer, estimate_answer
from tests.server.made_keypoints import standing
from tests.server.pictures import GRACE_HOPPER, encoded, gradient, portrait


@pytest.fixture(scope="module")
def found(pipeline: Pipeline) -> Estimate:
    return pipeline.estimate(GRACE_HOPPER.read_bytes())


@pytest.fixture(scope="module")
def answer(found: Estimate) -> EstimateAnswer:
    return estimate_answer(found)


def test_the_answer_is_of_one_person(answer: EstimateAnswer) -> None:
    (person,) = answer.people
    assert set(person.keypoints) == set(COCO_JOINTS)
    assert len(person.landmarks.pose.px) == 33
    assert person.landmarks.face is not None
    assert len(person.landmarks.face.px) == 478
    assert set(answer.timings_ms) == {"decode", "landmarks", "descent"}
    assert 0 < person.confidence <= 1


def test_keypoints_of_the_tiny_descent_are_the_landmarks(answer: EstimateAnswer) -> None:
    (person,) = answer.people
    seen = [person.landmarks.pose.px[i] for i in COCO_FROM_POSE]
    told = [person.keypoints[name].px for name in COCO_JOINTS]
    np.testing.assert_allclose(told, seen, atol=0.05)


def test_the_answer_survives_json(answer: EstimateAnswer) -> None:
    assert EstimateAnswer.model_validate_json(answer.model_dump_json()) == answer


def test_a_large_photo_answers_in_its_own_pixels(
    pipeline: Pipeline, answer: EstimateAnswer
) -> None:
    large = np.kron(portrait(), np.ones((5, 5, 1), np.uint8))
    found = estimate_answer(pipeline.estimate(encoded(large, "JPEG")))
    assert (found.image.width, found.image.height) == (2560, 3000)
    small, big = (np.array(a.people[0].keypoints["nose"].px) for a in (answer, found))
    np.testing.assert_allclose(big / 5, small, atol=12)


def test_nobody_is_no_error(pipeline: Pipeline) -> None:
    assert pipeline.estimate(encoded(gradient())).people == ()
    assert pipeline.estimate(encoded(gradient(1, 1))).people == ()


def test_the_same_photo_gives_the_same_answer(pipeline: Pipeline, answer: EstimateAnswer) -> None:
    again = estimate_answer(pipeline.estimate(GRACE_HOPPER.read_bytes()))
    assert again.people == answer.people


def test_the_identity_is_that_of_photo_and_question(pipeline: Pipeline, found: Estimate) -> None:
    content = GRACE_HOPPER.read_bytes()
    assert pipeline.estimate(content).id == found.id
    assert identity_of(content, GivenFocal(mm_35=50), 8) != found.id
    assert identity_of(content + b" ", GivenFocal(), 8) != found.id


def result_of(px: FloatArray) -> KeypointFile:
    """A result of COCO's with its joints (17, 2), all of them sure."""
    flat = [float(value) for x, y in px for value in (x, y, 1.0)]
    return KeypointFile([{"keypoints": flat}])


def test_people_are_where_given_keypoints_are(pipeline: Pipeline, found: Estimate) -> None:
    moved = found.people[0].landmarks.pose.landmarks_px[list(COCO_FROM_POSE)] + [6, 3]
    (person,) = pipeline.estimate(GRACE_HOPPER.read_bytes(), keypoints=result_of(moved)).people
    np.testing.assert_allclose(person.keypoints.px, moved, atol=0.05)
    look = person.landmarks.pose
    np.testing.assert_allclose(look.world_m, found.people[0].landmarks.pose.world_m, atol=1e-4)
    assert person.landmarks.face is not None
    assert person.landmarks.reading is not None


def test_people_are_posed_where_nobody_is_found(pipeline: Pipeline) -> None:
    """In a picture of nobody, too, and from keypoints in the pixels of a large original."""
    look = standing((3000, 1500), 2000)
    photo = encoded(gradient(6000, 3000), "JPEG")
    joints = look.landmarks_px[list(COCO_FROM_POSE)]
    estimate = pipeline.estimate(photo, keypoints=result_of(joints))
    (person,) = estimate.people
    np.testing.assert_allclose(person.keypoints.px, joints, atol=0.5)
    assert pipeline.correct(estimate, 0, Correction({"nose": (3000.0, 600.0)})).landmarks
    assert estimate.id != pipeline.estimate(photo, keypoints=result_of(joints + 1)).id


def test_the_largest_of_the_given_people_come_first(pipeline: Pipeline) -> None:
    people = [standing((100, 100), 90), standing((250, 100), 150), standing((400, 100), 120)]
    content = [result_of(look.landmarks_px[list(COCO_FROM_POSE)]).content[0] for look in people]
    photo = encoded(gradient(500, 200))
    found = pipeline.estimate(photo, keypoints=KeypointFile(content), max_people=2).people
    noses = [person.keypoints.px[0, 0] for person in found]
    np.testing.assert_allclose(noses, [250, 400], atol=1)
    assert pipeline.estimate(photo, keypoints=KeypointFile([])).people == ()


def test_without_a_correction_everybody_stays(pipeline: Pipeline, found: Estimate) -> None:
    assert pipeline.correct(found, 0, Correction()) is found.people[0]


def test_a_pinned_person_comes_back_with_the_pin(pipeline: Pipeline, found: Estimate) -> None:
    person = pipeline.correct(found, 0, Correction({"left_elbow": (300.0, 400.0)}))
    elbow = POSE_LANDMARKS.index("left_elbow")
    look = person.landmarks.pose
    assert look.landmarks_px[elbow].tolist() == [300, 400]
    assert look.visibility[elbow] == CERTAIN
    assert set(person.keypoints.confidence <= 1) == {True}
    assert person.parameters.translation == found.people[0].parameters.translation
    assert len(found.people[0].landmarks.hypotheses) >= 1  # what was seen stays for the next one


def test_there_is_always_another_interpretation(pipeline: Pipeline, found: Estimate) -> None:
    (person,) = found.people
    for hypothesis in range(1, len(person.landmarks.hypotheses) + 1):
        other = pipeline.correct(found, 0, Correction(hypothesis=hypothesis))
        assert other.parameters.phenotypes == person.parameters.phenotypes
        assert not np.allclose(other.landmarks.pose.world_m, person.landmarks.pose.world_m)


@pytest.mark.parametrize("number", [1, 99])
def test_somebody_else_is_told(pipeline: Pipeline, found: Estimate, number: int) -> None:
    with pytest.raises(BadRequestError):
        pipeline.correct(found, number, Correction())


def test_another_method_can_be_chosen(tiny_assets: Path, tmp_path: Path) -> None:
    others = tmp_path / "assets"
    shutil.copytree(tiny_assets, others)
    graph = (others / "descent.onnx").rename(tmp_path / "hmr.onnx")
    with pytest.raises(InternalError, match=r"descent\.onnx is missing"):
        pipeline_of(Settings(assets=others))
    with closing(pipeline_of(Settings(assets=others, descent=graph))) as pipeline:
        assert len(pipeline.estimate(GRACE_HOPPER.read_bytes()).people) == 1


def test_a_method_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(GRACE_HOPPER), "--descent", "nowhere.onnx"]) == 1
    assert "nowhere.onnx is missing" in capsys.readouterr().err
