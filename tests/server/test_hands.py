# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np

from model_server.hands import with_confirmed_hands
from model_server.landmark_names import POSE_LANDMARKS
from model_server.landmarks import HandLandmarks, PersonLandmarks, PoseLandmarks

SHAPE = (600, 500)


def look(left_wrist: tuple[float, float]) -> PoseLandmarks:
    """A large portrait that puts the left hand at a place."""
    rng = np.random.default_rng(0)
    px = rng.uniform(100, 400, (33, 2)).astype(np.float32)
    for name in ("wrist", "index", "pinky", "thumb"):
        px[POSE_LANDMARKS.index(f"left_{name}")] = left_wrist
        px[POSE_LANDMARKS.index(f"right_{name}")] = (250, 900)
    world = (px - 250)[:, [0, 1, 1]] / 800
    ones = np.ones(33, np.float32)
    return PoseLandmarks(px, 0 * ones, ones, ones, world)


def person(*looks: PoseLandmarks) -> PersonLandmarks:
    return PersonLandmarks(looks, np.ones((len(looks), 33), np.float32))


def test_a_look_with_a_hand_that_is_not_there_is_dropped() -> None:
    phantom, honest = look((200, 400)), look((200, 800))
    assert with_confirmed_hands(person(phantom, honest), SHAPE).hypotheses == (honest,)


def test_the_only_look_stays() -> None:
    phantom = look((200, 400))
    assert with_confirmed_hands(person(phantom), SHAPE).hypotheses == (phantom,)


def test_a_hand_without_an_elbow_in_the_picture_counts_as_hidden() -> None:
    phantom = look((200, 400))
    phantom.landmarks_px[POSE_LANDMARKS.index("left_elbow")] = (420, 700)
    (left,) = with_confirmed_hands(person(phantom), SHAPE).hypotheses
    hidden = [POSE_LANDMARKS[i] for i in np.flatnonzero(left.visibility == 0)]
    assert sorted(hidden) == ["left_index", "left_pinky", "left_thumb", "left_wrist"]
    np.testing.assert_array_equal(left.landmarks_px, phantom.landmarks_px)


def test_a_hand_that_was_found_is_believed() -> None:
    seen, other = look((200, 400)), look((200, 800))
    hand = HandLandmarks(np.zeros((21, 2), np.float32), np.zeros((21, 3), np.float32), 0.9)
    both = replace(person(seen, other), left_hand=hand)
    assert with_confirmed_hands(both, SHAPE).hypotheses == (seen, other)
