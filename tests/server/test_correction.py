# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from model_server.correction import Correction, corrected, hypotheses_of, interpreted, turned_round
from model_server.errors import BadRequestError
from model_server.landmark_names import POSE_LANDMARKS, POSE_MIRROR, indices
from model_server.landmarks import HandLandmarks, PersonLandmarks, PictureReading
from model_server.session import CERTAIN
from tests.server import made_figure
from tests.server.doubles import made_up_pose

ELBOW, WRIST = (POSE_LANDMARKS.index(name) for name in ("left_elbow", "left_wrist"))
TRUNK = list(indices(POSE_LANDMARKS, ["left_shoulder", "right_shoulder", "left_hip", "right_hip"]))


def somebody(looks: int = 1) -> PersonLandmarks:
    """With a left hand at the wrist, and a picture that was read."""
    poses = tuple(made_up_pose(seed) for seed in range(looks))
    wrist = poses[0].landmarks_px[WRIST]
    points = wrist + np.linspace(0, 40, 42, dtype=np.float32).reshape(21, 2)
    reading = PictureReading(
        features=np.ones(256, np.float32),
        parts=np.zeros((15, 16, 16), np.float32),
        crop_px=np.array([0, 0, 300], np.float32),
        heat_px=poses[0].landmarks_px + np.float32(2),
        heat_trust=np.full(33, 0.5, np.float32),
    )
    hand = HandLandmarks(points, np.ones((21, 3), np.float32), 0.9)
    return PersonLandmarks(poses, np.full((looks, 33), 0.8, np.float32), hand, reading=reading)


def test_a_pin_is_certain_and_nothing_else_changes() -> None:
    person = somebody()
    known = corrected(person, Correction({"left_elbow": (40.0, 60.0)}))
    assert known.pose.landmarks_px[ELBOW].tolist() == [40, 60]
    assert known.pose.visibility[ELBOW] == CERTAIN
    others = np.arange(33) != ELBOW
    for name in ("landmarks_px", "visibility", "world_m", "depth"):
        was, now = getattr(person.pose, name), getattr(known.pose, name)
        np.testing.assert_array_equal(now[others], was[others])
    assert known.reading is not None
    assert known.reading.heat_px[ELBOW].tolist() == [40, 60]


def test_points_in_space_move_with_their_pins() -> None:
    person = somebody()
    x, y = person.pose.landmarks_px[ELBOW].tolist()
    moved = corrected(person, Correction({"left_elbow": (x + 15, y)})).pose
    shift = moved.world_m[ELBOW] - person.pose.world_m[ELBOW]
    assert shift == pytest.approx([0.1, 0, 0], abs=1e-3)  # at 150 pixels a metre


def test_what_is_dropped_is_seen_by_nobody() -> None:
    known = corrected(somebody(), Correction(dropped=frozenset({"left_elbow"})))
    assert known.pose.visibility[ELBOW] == 0
    assert known.reading is not None
    assert known.reading.heat_trust[ELBOW] == 0
    assert known.reading.heat_trust[WRIST] == 0.5


def test_a_hand_stays_while_the_wrist_is_near_it() -> None:
    person = somebody()
    x, y = person.pose.landmarks_px[WRIST].tolist()
    near, far = (Correction({"left_wrist": (x + dx, y)}) for dx in (5.0, 90.0))
    assert corrected(person, near).left_hand is person.left_hand
    assert corrected(person, far).left_hand is None
    assert corrected(person, Correction(dropped=frozenset({"left_wrist"}))).left_hand is None


def test_turned_round_nothing_moves_in_the_picture_and_sides_are_swapped() -> None:
    person = somebody()
    away = turned_round(person)
    mirror = list(POSE_MIRROR)
    np.testing.assert_array_equal(away.pose.landmarks_px[mirror], person.pose.landmarks_px)
    np.testing.assert_array_equal(away.pose.depth[mirror], -person.pose.depth)
    assert away.left_hand is None
    assert away.right_hand is not None
    assert away.reading is None
    back = turned_round(away)
    np.testing.assert_array_equal(back.pose.world_m, person.pose.world_m)


def test_turned_round_a_body_has_its_left_hand_on_its_left() -> None:
    seen = made_figure.person(made_figure.the_physique(), made_figure.stance()).landmarks

    def forward_of_left(someone: PersonLandmarks) -> float:
        """The nose is ahead of who has the left shoulder on the left."""
        left, right, left_hip, _ = someone.pose.world_m[TRUNK].astype(float)
        ahead = np.cross(left_hip - left, left - right)
        return float(np.sign(ahead @ (someone.pose.world_m[0] - (left + right) / 2)))

    away = turned_round(seen)
    assert forward_of_left(away) == forward_of_left(seen)
    assert away.pose.world_m[0, 2] == pytest.approx(-seen.pose.world_m[0, 2])


def test_a_hand_goes_with_its_wrist() -> None:
    look, index = somebody().pose, POSE_LANDMARKS.index("left_index")
    x, y = look.landmarks_px[WRIST].tolist()
    pins = {"left_wrist": (x + 30, y - 10)}
    known = corrected(somebody(), Correction(pins)).pose
    assert known.landmarks_px[index] - look.landmarks_px[index] == pytest.approx(
        [30, -10], abs=0.01
    )
    assert known.visibility[index] == look.visibility[index]
    both = corrected(somebody(), Correction(pins | {"left_index": (0.0, 0.0)})).pose
    assert both.landmarks_px[index].tolist() == [0, 0]


def test_hypotheses_are_the_looks_and_the_mirror_image() -> None:
    person = somebody(looks=3)
    assert hypotheses_of(person) == 4
    for hypothesis in range(3):
        alone = interpreted(person, hypothesis)
        assert alone.hypotheses == (person.hypotheses[hypothesis],)
        assert alone.support.shape == (1, 33)
    assert interpreted(person, 3).pose.depth == pytest.approx(turned_round(person).pose.depth)
    with pytest.raises(BadRequestError) as caught:
        interpreted(person, 4)
    assert "0 to 3" in caught.value.remedy


def test_pins_are_of_the_hypothesis_that_is_chosen() -> None:
    person = somebody()
    known = corrected(person, Correction({"left_elbow": (1.0, 2.0)}, hypothesis=1))
    assert known.pose.landmarks_px[ELBOW].tolist() == [1, 2]
    other = POSE_LANDMARKS.index("right_elbow")
    np.testing.assert_array_equal(known.pose.landmarks_px[other], person.pose.landmarks_px[ELBOW])


def test_an_unknown_landmark_is_told() -> None:
    for correction in (Correction({"tail": (0.0, 0.0)}), Correction(dropped=frozenset({"tail"}))):
        with pytest.raises(BadRequestError, match="tail"):
            corrected(somebody(), correction)


def test_someone_without_a_reading_can_be_corrected() -> None:
    person = replace(somebody(), reading=None)
    assert corrected(person, Correction({"nose": (1.0, 2.0)})).reading is None
