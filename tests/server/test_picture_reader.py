# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from model_server.landmarks import PersonLandmarks, PoseLandmarks
from model_server.picture_reader import PictureReader, is_there, square_of
from tests.server.tiny_encoder import write_tiny_encoder


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> PictureReader:
    return PictureReader(write_tiny_encoder(tmp_path_factory.mktemp("reader") / "encoder.onnx"))


def person_at(x: float, y: float, size: float) -> PersonLandmarks:
    rng = np.random.default_rng(0)
    points = (rng.uniform(-0.5, 0.5, (33, 2)) * size + (x, y)).astype(np.float32)
    ones = np.ones(33, np.float32)
    pose = PoseLandmarks(points, ones, ones, ones, np.zeros((33, 3), np.float32))
    return PersonLandmarks((pose,), ones[None])


def test_what_is_read_comes_back_in_pixels_of_the_picture(reader: PictureReader) -> None:
    image = np.full((300, 400, 3), 200, np.uint8)
    people = [person_at(100, 120, 60), person_at(300, 150, 90)]
    for before, after in zip(people, reader.read(image, people), strict=True):
        assert after.reading is not None
        np.testing.assert_allclose(after.reading.heat_px, before.pose.landmarks_px, atol=0.05)
        assert after.reading.crop_px[2] == square_of(before).side
        twice = after.scaled(2.0)
        assert twice.reading is not None
        np.testing.assert_allclose(twice.reading.heat_px, 2 * after.reading.heat_px)


def test_people_are_read_from_their_own_crops(reader: PictureReader) -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[:, 200:] = 250
    dark, bright = reader.read(image, [person_at(100, 150, 60), person_at(300, 150, 60)])
    assert dark.reading is not None
    assert bright.reading is not None
    assert dark.reading.parts[0].mean() < 0.05
    assert bright.reading.parts[0].mean() > 0.9


def test_whom_the_encoder_sees_elsewhere_is_nobody(reader: PictureReader) -> None:
    (person,) = reader.read(np.zeros((300, 400, 3), np.uint8), [person_at(200, 150, 90)])
    assert person.reading is not None
    aside = np.array([0.3 * person.reading.crop_px[2], 0], np.float32)
    moved = replace(person, reading=replace(person.reading, heat_px=person.reading.heat_px + aside))
    assert is_there(person)
    assert not is_there(moved)


def test_what_the_detector_only_guesses_makes_nobody_disappear(reader: PictureReader) -> None:
    (person,) = reader.read(np.zeros((300, 400, 3), np.uint8), [person_at(200, 150, 90)])
    assert person.reading is not None
    guessed = np.arange(33) > 10  # a portrait: legs and arms are out of the picture
    pose = replace(person.pose, visibility=np.where(guessed, 0.1, 0.9).astype(np.float32))
    heat_px = person.reading.heat_px + np.where(guessed, 500, 0)[:, None].astype(np.float32)
    reading = replace(person.reading, heat_px=heat_px)
    assert is_there(replace(person, hypotheses=(pose,), reading=reading))


def test_nobody_is_read_as_nobody(reader: PictureReader) -> None:
    assert reader.read(np.zeros((10, 10, 3), np.uint8), []) == []
