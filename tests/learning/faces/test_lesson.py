# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest
import torch

from model_server.learning.details.encoder import SMALL, DetailEncoder
from model_server.learning.details.train import encode
from model_server.learning.faces.lesson import CONTENTS, FaceLesson, in_mirror, lesson_of
from model_server.learning.faces.points import EYE_LEFT, EYE_RIGHT, POINTS
from model_server.learning.samples.picture_files import jpeg_of


@pytest.fixture(scope="module")
def lesson(world) -> FaceLesson:
    px = world.samples.landmarks_px[:, [POINTS[0]]].repeat(478, 1)
    px[:, list(POINTS)] = world.samples.landmarks_px[:, list(POINTS)]
    blank = jpeg_of(np.full((400, 400, 3), 90, np.uint8))
    samples = replace(world.samples, landmarks_px=px)
    return lesson_of(samples, [blank] * len(samples), world.faces, world.model, world.sides)


def test_eyes_are_level_and_truth_is_where_a_perfect_detector_sees_it(lesson: FaceLesson) -> None:
    crops, answers = lesson.drawn(np.arange(20), None)
    torch.testing.assert_close(crops.landmarks, answers.places, atol=1e-3, rtol=0)
    eyes = answers.places[:, EYE_LEFT] - answers.places[:, EYE_RIGHT]
    assert eyes[:, 1].abs().max() < 1e-3
    assert (eyes[:, 0] > 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_heads_turn_with_their_crops_and_in_the_mirror(lesson: FaceLesson, seed: int) -> None:
    _, answers = lesson.drawn(np.arange(40), np.random.default_rng(seed))
    eyes = answers.places[:, EYE_LEFT] - answers.places[:, EYE_RIGHT]
    left = answers.head[:, :2, 0]  # the head's left in the crop
    assert torch.nn.functional.cosine_similarity(eyes, left).median() > 0.98
    assert torch.allclose(torch.linalg.det(answers.head), torch.ones(40), atol=1e-3)


def test_a_mirror_trades_the_sides_of_what_a_face_does(world, lesson: FaceLesson) -> None:
    _, answers = lesson.drawn(np.arange(20), None)
    flipped = in_mirror(answers, world.sides)
    left, right = (world.action_names.index(f"eyeBlink{side}") for side in ("Left", "Right"))
    assert torch.equal(flipped.actions[:, left], answers.actions[:, right])
    twice = in_mirror(flipped, world.sides)
    torch.testing.assert_close(twice.places, answers.places)
    torch.testing.assert_close(twice.head, answers.head)


def test_an_encoder_can_be_asked_and_judged(lesson: FaceLesson) -> None:
    torch.manual_seed(0)
    crops, answers = lesson.drawn(np.arange(3), None)
    encoded = encode(DetailEncoder(SMALL, CONTENTS), crops)
    assert encoded.parts.shape[1] == 0
    terms = lesson.terms(encoded, answers)
    assert {"heat", "places", "turn", "actions"} == set(terms)
    assert all(torch.isfinite(term) for term in terms.values())
