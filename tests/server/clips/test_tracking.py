# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np

from model_server.arrays import ImageArray
from model_server.clips.tracking import Track, assigned, matched
from model_server.hypotheses import sides_swapped
from model_server.landmark_names import POSE_LANDMARKS
from model_server.landmarks import PoseLandmarks
from tests.server.doubles import made_up_pose

GREY = np.full((400, 800, 3), 128, np.uint8)


def moved(pose: PoseLandmarks, x: float, y: float = 0.0, scale: float = 1.0) -> PoseLandmarks:
    return replace(
        pose, landmarks_px=pose.landmarks_px * np.float32(scale) + np.array([x, y], np.float32)
    )


def walking(number: int, start: float, speed: float, image: ImageArray = GREY) -> Track:
    """Somebody seen for half a second, `speed` pixels a second to the right."""
    pose = made_up_pose(3)
    track = Track.begun(number, moved(pose, start), 0.0, image)
    for frame in range(1, 16):
        track.follow(moved(pose, start + speed * frame / 30), frame / 30, image)
    return track


def test_whoever_moves_is_expected_further_on() -> None:
    track = walking(1, 0, 300)
    expected = track.predicted(16 / 30).landmarks_px - track.pose.landmarks_px
    np.testing.assert_allclose(expected[:, 0], 10, atol=2)
    np.testing.assert_allclose(expected[:, 1], 0, atol=0.1)


def test_limbs_are_expected_where_they_swing_to() -> None:
    pose, wrist = made_up_pose(3), POSE_LANDMARKS.index("left_wrist")
    track = Track.begun(1, pose, 0.0, GREY)
    for frame in range(1, 16):
        raised = pose.landmarks_px.copy()
        raised[wrist, 1] -= 8 * frame
        track.follow(replace(pose, landmarks_px=raised), frame / 30, GREY)
    expected = track.predicted(16 / 30).landmarks_px - track.pose.landmarks_px
    assert -8.5 < expected[wrist, 1] < -4
    others = np.delete(expected, wrist, axis=0)
    np.testing.assert_allclose(others, 0, atol=0.5)
    late = track.predicted(2.0).landmarks_px - track.pose.landmarks_px
    assert late[wrist, 1] > -16  # nobody's arm goes on for ever


def test_whoever_is_out_of_sight_is_not_expected_to_run_away() -> None:
    track = walking(1, 0, 300)
    gone = track.predicted(5.0).landmarks_px - track.pose.landmarks_px
    assert gone[:, 0].max() < 60


def test_two_who_cross_keep_their_names() -> None:
    pose = made_up_pose(3)
    right, left = walking(1, 0, 400), walking(2, 400, -400)
    for frame in range(16, 40):
        seconds = frame / 30
        finds = [moved(pose, 400 - 400 * seconds), moved(pose, 400 * seconds)]
        pairs = matched([right, left], finds, seconds, GREY)
        assert pairs == {0: 1, 1: 0}, frame
        right.follow(finds[1], seconds, GREY)
        left.follow(finds[0], seconds, GREY)


def test_clothes_tell_two_apart_who_stood_behind_each_other() -> None:
    image = GREY.copy()
    image[:, :360] = (200, 30, 30)
    image[:, 360:] = (30, 30, 200)
    pose = made_up_pose(3)
    red = Track.begun(1, pose, 0.0, image)
    blue = Track.begun(2, moved(pose, 400), 0.0, image)
    # Both were lost in the middle, and come out again equally far from where they were expected.
    for track in (red, blue):
        track.pose = moved(pose, 210)
    finds = [moved(pose, 360), moved(pose, 60)]
    assert matched([red, blue], finds, 0.9, image) == {0: 1, 1: 0}


def test_somebody_far_away_is_somebody_else() -> None:
    track = walking(1, 0, 0)
    assert matched([track], [moved(made_up_pose(3), 300)], 16 / 30, GREY) == {}
    assert matched([track], [moved(made_up_pose(3), 0, scale=3)], 16 / 30, GREY) == {}
    assert matched([track], [], 16 / 30, GREY) == {}


def test_a_look_with_the_sides_confused_is_of_the_same_person() -> None:
    track = walking(1, 0, 0)
    assert matched([track], [sides_swapped(track.pose)], 16 / 30, GREY) == {0: 0}


def test_everybody_gets_the_cheapest_that_is_left() -> None:
    costs = np.array([[0.1, 0.2], [0.15, np.inf], [0.5, 0.4]], np.float32)
    assert assigned(costs) == {0: 0, 2: 1}
    assert assigned(np.zeros((0, 3), np.float32)) == {}
