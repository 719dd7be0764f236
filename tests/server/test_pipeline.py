# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.landmark_names import COCO_FROM_POSE, COCO_JOINTS
from model_server.pipeline import Pipeline
from model_server.wire import EstimateAnswer, estimate_answer
from tests.server.pictures import GRACE_HOPPER, encoded, gradient, portrait


@pytest.fixture(scope="module")
def answer(pipeline: Pipeline) -> EstimateAnswer:
    return estimate_answer(pipeline.estimate(GRACE_HOPPER.read_bytes()))


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
