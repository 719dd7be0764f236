# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.learning.faces.expressions import random_expression

FACES = [random_expression(rng) for rng in [np.random.default_rng(4)] for _ in range(1500)]
EXCLUSIVE = (
    ("mouthLeft", "mouthRight"),
    ("jawLeft", "jawRight"),
    ("mouthPucker", "mouthSmileLeft"),
    ("cheekPuff", "jawOpen"),
    ("eyeBlinkLeft", "eyeWideLeft"),
    ("eyeLookUpLeft", "eyeLookDownLeft"),
    ("eyeLookInLeft", "eyeLookOutLeft"),
)


def test_many_faces_rest_and_all_are_within_reach() -> None:
    at_rest = sum(not face for face in FACES) / len(FACES)
    assert 0.15 < at_rest < 0.3
    assert all(0 < value <= 1 for face in FACES for value in face.values())


def test_every_action_occurs(world) -> None:
    assert {name for face in FACES for name in face} == set(world.action_names)


@pytest.mark.parametrize(("one", "other"), EXCLUSIVE)
def test_no_face_does_what_excludes_itself(one: str, other: str) -> None:
    # Speech may pass through anything but extremes.
    assert not any(min(face.get(one, 0), face.get(other, 0)) > 0.6 for face in FACES)


def test_both_eyes_look_the_same_way() -> None:
    for face in FACES:
        assert face.get("eyeLookOutLeft") == face.get("eyeLookInRight")
        assert face.get("eyeLookOutRight") == face.get("eyeLookInLeft")
        assert face.get("eyeLookUpLeft") == face.get("eyeLookUpRight")


def test_lips_close_over_a_jaw_only_as_far_as_it_is_open() -> None:
    assert all(face.get("mouthClose", 0) <= face.get("jawOpen", 0) for face in FACES)
