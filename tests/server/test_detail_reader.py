# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from model_server.detail_reader import DetailReader
from model_server.hypotheses import vote
from model_server.landmarks import FaceLandmarks, HandLandmarks, PersonLandmarks
from tests.server.doubles import made_up_pose
from tests.server.tiny_detail_encoder import write_tiny_detail_encoder

WIDTH, HEIGHT = 400, 300
FLIP = np.array([-1, 1], np.float32)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> DetailReader:
    folder = tmp_path_factory.mktemp("details")
    hands = write_tiny_detail_encoder(folder / "hands.onnx", 21)
    faces = write_tiny_detail_encoder(folder / "faces.onnx", 478)
    return DetailReader(hands, faces, threads=1)


def hand_at(x: float, y: float) -> HandLandmarks:
    rng = np.random.default_rng(0)
    px = (rng.uniform(-25, 25, (21, 2)) + np.array((x, y))).astype(np.float32)
    px[0] = (x, y + 30)
    return HandLandmarks(px, np.zeros((21, 3), np.float32), 0.9)


def face_at(x: float, y: float) -> FaceLandmarks:
    rng = np.random.default_rng(1)
    px = (rng.uniform(-30, 30, (478, 2)) + np.array((x, y))).astype(np.float32)
    px[263], px[33] = (x + 15, y), (x - 15, y)
    return FaceLandmarks(px, np.zeros(478, np.float32))


def person() -> PersonLandmarks:
    return vote([made_up_pose(0)])


def half_bright() -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, : WIDTH // 2] = 240
    return image


def test_what_is_read_lies_in_pixels_of_the_picture(reader: DetailReader) -> None:
    people = [
        replace(person(), left_hand=hand_at(100, 100), face=face_at(300, 90)),
        person(),
        replace(person(), right_hand=hand_at(250, 200)),
    ]
    read = reader.read(half_bright(), people)
    assert [p.left_hand is None for p in read] == [False, True, True]
    assert [p.right_hand is None for p in read] == [True, True, False]
    assert [p.face is None for p in read] == [False, True, True]
    for detail in (read[0].left_hand, read[0].face, read[2].right_hand):
        assert detail is not None
        assert detail.reading is not None
        np.testing.assert_allclose(detail.reading.heat_px, detail.landmarks_px, atol=0.01)
        twice = detail.scaled(2).reading
        assert twice is not None
        np.testing.assert_allclose(twice.heat_px, 2 * detail.reading.heat_px)


def test_everything_is_read_in_its_own_crop(reader: DetailReader) -> None:
    seen = replace(person(), left_hand=hand_at(90, 100), face=face_at(310, 100))
    (read,) = reader.read(half_bright(), [seen])
    assert read.left_hand is not None
    assert read.left_hand.reading is not None
    assert read.face is not None
    assert read.face.reading is not None
    assert read.left_hand.reading.features[0] > 230
    assert read.face.reading.features[0] < 10


def test_a_right_hand_is_read_as_a_left_one_in_the_mirror(reader: DetailReader) -> None:
    at_the_edge, image = hand_at(WIDTH / 2, 150), half_bright()
    flipped = np.ascontiguousarray(image[:, ::-1])
    in_mirror = at_the_edge.landmarks_px * FLIP + np.array([WIDTH, 0], np.float32)
    right = replace(at_the_edge, landmarks_px=in_mirror)
    (one,) = reader.read(image, [replace(person(), left_hand=at_the_edge)])
    (two,) = reader.read(flipped, [replace(person(), right_hand=right)])
    assert one.left_hand is not None
    assert two.right_hand is not None
    left, same = one.left_hand.reading, two.right_hand.reading
    assert left is not None
    assert same is not None
    assert left.features[0] > 100  # the left side of the crop, not the right one
    np.testing.assert_allclose(same.features, left.features, atol=2)


def test_nothing_is_asked_where_there_is_nothing(reader: DetailReader) -> None:
    assert reader.read(half_bright(), []) == []
    (alone,) = reader.read(half_bright(), [person()])
    assert alone.face is None
