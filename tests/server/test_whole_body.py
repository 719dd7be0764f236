# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from model_server.camera import Camera
from model_server.landmark_names import POSE_LANDMARKS, WHOLE_BODY
from model_server.landmarks import PersonLandmarks, PictureReading, WholeBody
from model_server.lifting import lifted, with_depth
from model_server.session import Evidence
from model_server.whole_body import (
    affirmed,
    brought,
    flat_look,
    landmarks_of,
    makes_a_person,
    whose,
)
from tests.server.made_keypoints import keypoints_at, standing


def without(keypoints: WholeBody, *names: str) -> WholeBody:
    score = keypoints.score.copy()
    score[[WHOLE_BODY.index(name) for name in names]] = 0
    return WholeBody(keypoints.px, score)


def place(name: str) -> int:
    return POSE_LANDMARKS.index(name)


def test_whole_body_has_the_public_order() -> None:
    assert len(WHOLE_BODY) == len(set(WHOLE_BODY)) == 133
    assert WHOLE_BODY[17:23] == (
        "left_big_toe", "left_small_toe", "left_heel",
        "right_big_toe", "right_small_toe", "right_heel",
    )  # fmt: skip
    assert (WHOLE_BODY[23], WHOLE_BODY[90]) == ("face_0", "face_67")
    assert (WHOLE_BODY[91], WHOLE_BODY[112]) == ("left_hand:wrist", "right_hand:wrist")
    assert WHOLE_BODY[132] == "right_hand:pinky_tip"


def test_all_of_our_landmarks_are_keypoints() -> None:
    look = standing((300, 200), 250)
    px, score = landmarks_of(keypoints_at(look))
    np.testing.assert_array_equal(px, look.landmarks_px)
    assert (score == 1).all()


def test_what_is_not_known_stands_below_what_is() -> None:
    """A portrait: head and shoulders only."""
    look = standing((300, 200), 250)
    keypoints = keypoints_at(look)
    upper = [i for i, name in enumerate(POSE_LANDMARKS) if look.landmarks_px[i, 1] < 150]
    hidden = [
        name
        for name in WHOLE_BODY
        if not any(
            (keypoints.px[WHOLE_BODY.index(name)] == look.landmarks_px[i]).all() for i in upper
        )
    ]
    flat = flat_look(without(keypoints, *hidden))
    np.testing.assert_allclose(flat.landmarks_px, look.landmarks_px, atol=0.5)
    assert flat.visibility[place("left_knee")] == 0
    assert flat.visibility[place("nose")] == 1
    assert not flat.world_m[:, 2].any()


def test_hands_that_are_not_known_are_at_the_wrist() -> None:
    look = standing((300, 200), 250)
    keypoints = keypoints_at(look)
    keypoints.px[WHOLE_BODY.index("left_wrist")] += [60, -90]  # raised
    hand = [f"left_hand:{name}_mcp" for name in ("thumb", "index", "pinky")]
    px = flat_look(without(keypoints, *hand)).landmarks_px
    wrist = px[place("left_wrist")]
    for name in ("left_thumb", "left_index", "left_pinky"):
        assert np.linalg.norm(px[place(name)] - wrist) < 0.1 * 250


def test_a_flat_person_is_as_large_as_a_person() -> None:
    for height in (40, 4000):
        world = flat_look(keypoints_at(standing((0, 0), height))).world_m
        np.testing.assert_allclose(np.ptp(world[:, 1]), 1.7 * 0.94, atol=0.05)


def test_too_few_keypoints_make_nobody() -> None:
    keypoints = keypoints_at(standing((300, 200), 250))
    few = WholeBody(keypoints.px, np.where(np.arange(133) < 5, keypoints.score, 0))
    assert makes_a_person(keypoints)
    assert not makes_a_person(few)
    assert not makes_a_person(WholeBody.of({}))


def test_the_look_that_agrees_tells_what_keypoints_lack() -> None:
    right, wrong = standing((300, 200), 250), standing((420, 200), 250)
    person = PersonLandmarks((wrong, right), np.full((2, 33), 0.5, np.float32))
    shifted = keypoints_at(standing((302, 200), 250))
    seen = brought(without(shifted, "left_hand:index_mcp"), person)
    (look,) = seen.hypotheses
    np.testing.assert_allclose(look.landmarks_px[0], right.landmarks_px[0] + [2, 0], atol=1e-3)
    finger = place("left_index")
    np.testing.assert_array_equal(look.landmarks_px[finger], right.landmarks_px[finger])
    np.testing.assert_array_equal(look.depth, right.depth)
    assert seen.support[0, 0] == 1
    assert seen.support[0, finger] == 0.5


def test_whose_keypoints_they_are() -> None:
    people = [
        PersonLandmarks((standing((x, 200), 250),), np.ones((1, 33), np.float32))
        for x in (100, 300, 500)
    ]
    assert whose(keypoints_at(standing((303, 200), 250)), people) is people[1]
    assert whose(keypoints_at(standing((400, 200), 250)), people) is None
    assert whose(keypoints_at(standing((400, 200), 250)), []) is None


def test_what_the_encoder_says_of_known_landmarks_gives_way() -> None:
    look = standing((300, 200), 250)
    keypoints = without(keypoints_at(look), "nose")
    zeros = np.zeros(33, np.float32)
    reading = PictureReading(zeros, zeros, zeros[:3], np.zeros((33, 2), np.float32), zeros + 0.5)
    person = replace(brought(keypoints), reading=reading)
    assert affirmed(person).keypoints is None
    after = affirmed(person).reading
    assert after is not None
    np.testing.assert_array_equal(after.heat_px[0], [0, 0])
    np.testing.assert_allclose(after.heat_px[1:], look.landmarks_px[1:])
    np.testing.assert_array_equal(after.heat_trust, reading.heat_trust)


class StandingBody:
    """A descent that makes the same of everybody."""

    asked = 0

    def run(self, evidence: Evidence) -> Any:
        self.asked += len(evidence.focal_px)
        body = standing((0, 0), 1).world_m + np.array([0, 0, 4], np.float32)
        return SimpleNamespace(landmarks_cam=np.stack([body] * len(evidence.focal_px)))


def test_only_flat_people_are_posed_to_learn_their_depth() -> None:
    look = standing((300, 200), 250)
    flat, seen = brought(keypoints_at(look)), PersonLandmarks((look,), np.ones((1, 33), np.float32))
    descent: Any = StandingBody()
    first, second, third = with_depth(descent, [flat, seen, flat], Camera(1000, (0, 0), "given"))
    assert descent.asked == 2
    assert second is seen
    assert not first.pose.is_flat
    np.testing.assert_array_equal(first.pose.world_m, third.pose.world_m)
    np.testing.assert_array_equal(first.pose.landmarks_px, look.landmarks_px)


@pytest.mark.parametrize("far_m", [1.0, 6.0])
def test_a_body_gives_flat_people_depth(far_m: float) -> None:
    camera = Camera(1000, (300, 200), "given")
    body = standing((0, 0), 1).world_m + np.array([0, 0, far_m], np.float32)
    person = lifted(brought(keypoints_at(standing((300, 200), 250))), body, camera)
    assert not person.pose.is_flat
    hips = [place("left_hip"), place("right_hip")]
    np.testing.assert_allclose(person.pose.world_m[hips].mean(0), 0, atol=1e-6)
    from_hips = body[:, 2] - body[hips, 2].mean()
    np.testing.assert_allclose(person.pose.depth, from_hips * 1000 / far_m, rtol=0.06)
