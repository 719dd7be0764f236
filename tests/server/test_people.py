# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.face import FaceDetector, face_crop
from model_server.hands import hand_crop, nearest_hand, pixels_per_metre, refined_by_hand
from model_server.hypotheses import agreement, person_box
from model_server.landmark_names import POSE_LANDMARKS, POSE_MIRROR
from model_server.landmarks import HandLandmarks, PoseDetector, PoseLandmarks
from model_server.people import PeopleFinder, all_ways, tiles
from tests.server.doubles import made_up_pose
from tests.server.pictures import portrait

NOSE = POSE_LANDMARKS.index("nose")


@pytest.fixture(scope="module")
def detected() -> PoseLandmarks:
    with PoseDetector(with_masks=True) as detector:
        (person,) = detector.detect(portrait())
    return person


def test_one_plain_pass_finds_the_person(detected: PoseLandmarks) -> None:
    height, width = portrait().shape[:2]
    x, y = detected.landmarks_px[NOSE]
    assert 0.3 * width < x < 0.6 * width
    assert 0.1 * height < y < 0.5 * height
    assert detected.mask is not None
    assert detected.mask.shares.shape == (height, width)
    assert detected.mask.shares[int(y), int(x)] > 0.5
    assert detected.world_m[NOSE, 1] < 0  # the nose is above the hips, and y points down


def test_nobody_is_found_where_nobody_is(people_finder: PeopleFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    assert people_finder.find(noise) == []
    assert people_finder.find(np.zeros((8, 8, 3), np.uint8)) == []


def test_a_mirrored_picture_gives_the_mirrored_person(people_finder: PeopleFinder) -> None:
    picture = portrait()
    (plain,) = people_finder.find(picture)
    (mirrored,) = people_finder.find(np.ascontiguousarray(picture[:, ::-1]))
    expected = plain.pose.landmarks_px[list(POSE_MIRROR)].copy()
    expected[:, 0] = picture.shape[1] - expected[:, 0]
    seen = plain.pose.visibility[list(POSE_MIRROR)] > 0.8
    apart = np.linalg.norm(mirrored.pose.landmarks_px - expected, axis=1)[seen]
    assert np.median(apart) < 0.02 * person_box(plain.pose).height


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_gives_the_turned_person(people_finder: PeopleFinder, turns: int) -> None:
    picture = portrait()
    (plain,) = people_finder.find(picture)
    (turned,) = people_finder.find(np.ascontiguousarray(np.rot90(picture, turns)))
    nose = turned.pose.landmarks_px[NOSE]
    height, width = picture.shape[:2]
    for _ in range(turns):  # undo one `np.rot90`
        width, height = height, width
    for _ in range(turns):
        nose = np.array([height - nose[1], nose[0]], np.float32)
        width, height = height, width
    assert np.linalg.norm(nose - plain.pose.landmarks_px[NOSE]) < 25


def test_two_people_are_found_beside_each_other(people_finder: PeopleFinder) -> None:
    pair = np.concatenate([portrait(), portrait()[:, ::-1]], axis=1)
    found = people_finder.find(pair)
    assert len(found) == 2
    assert abs(found[0].pose.landmarks_px[NOSE, 0] - found[1].pose.landmarks_px[NOSE, 0]) > 200
    assert len(people_finder.find(pair, max_people=1)) == 1


def test_eight_ways_are_eight() -> None:
    (crop, *_) = tiles(portrait(), 2)
    assert len({(way.quarter_turns, way.mirrored) for way in all_ways(crop, 3)}) == 8
    assert all_ways(crop, 3)[0].quarter_turns == 3


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (300, 1200), (50, 50)])
def test_tiles_cover_the_picture(width: int, height: int, parts: int) -> None:
    covered = np.zeros((height, width), bool)
    for tile in tiles(np.zeros((height, width, 3), np.uint8), parts):
        top, left = max(tile.top, 0), max(tile.left, 0)
        covered[top : tile.top + tile.side, left : tile.left + tile.side] = True
    assert covered.all()


def test_the_face_has_irises_where_the_eyes_are(detected: PoseLandmarks) -> None:
    detector = FaceDetector()
    face = detector.detect(portrait(), detected)
    detector.close()
    assert face is not None
    assert face.landmarks_px.shape == (478, 2)
    eyes = detected.landmarks_px[[POSE_LANDMARKS.index(n) for n in ("right_eye", "left_eye")]]
    irises = face.landmarks_px[[468, 473]]
    assert np.linalg.norm(irises - eyes, axis=1).max() < 15


def test_hidden_or_tiny_hands_are_not_looked_for() -> None:
    look = made_up_pose(0)
    assert hand_crop(look, "left") is not None
    assert hand_crop(made_up_pose(0, visibility=0.1), "left") is None
    assert hand_crop(look.scaled(0.05), "left") is None
    assert face_crop(look.scaled(0.05)) is None


def test_a_metre_in_pixels() -> None:
    assert pixels_per_metre(made_up_pose(0)) == pytest.approx(150, rel=1e-3)


def test_a_hand_at_another_wrist_is_not_this_hand() -> None:
    near, far = (
        HandLandmarks(np.full((21, 2), at, np.float32), np.zeros((21, 3), np.float32), 1.0)
        for at in (12, 90)
    )
    wrist = np.array([10, 10], np.float32)
    assert nearest_hand([far, near], wrist, 20) is near
    assert nearest_hand([far], wrist, 20) is None
    assert nearest_hand([], wrist, 20) is None


def test_wrists_follow_the_hands_seen_at_them() -> None:
    look = made_up_pose(0)
    wrist, knuckle = (POSE_LANDMARKS.index(name) for name in ("left_wrist", "left_index"))
    points = np.tile(look.landmarks_px[wrist], (21, 1)) + np.float32(3)
    hand = HandLandmarks(points, np.zeros((21, 3), np.float32), 0.9)
    refined = refined_by_hand(look, hand, "left")
    moved = refined.landmarks_px - look.landmarks_px
    assert moved[wrist] == pytest.approx([2, 2], abs=0.05)
    assert np.linalg.norm(moved[knuckle]) > 0
    assert (np.abs(moved).sum(axis=1) > 0).sum() == 4
    elsewhere = HandLandmarks(points + 200, hand.world_m, 0.9)
    assert refined_by_hand(look, elsewhere, "left") is look


def test_agreement_of_two_detectors(detected: PoseLandmarks, people_finder: PeopleFinder) -> None:
    (found,) = people_finder.find(portrait())
    assert agreement(found.pose, detected) > 0.5
