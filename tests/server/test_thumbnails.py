# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbnails show the person, square and no larger than needed."""

import numpy as np
import pytest

from model_server.crops import Box
from model_server.image import Photo
from model_server.thumbnails import SIZE_PX, thumbnail


def photo(height: int, width: int, shrunk: int = 1) -> Photo:
    """Red grows to the right, green downward; worked on at a fraction of its size."""
    pixels = np.full((height // shrunk, width // shrunk, 3), 255, np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width // shrunk)
    pixels[..., 1] = np.linspace(0, 255, height // shrunk)[:, None]
    return Photo(pixels, width, height, None)


@pytest.mark.parametrize("shrunk", [1, 2])
def test_large_person_is_scaled_down_evenly(shrunk: int) -> None:
    square = thumbnail(photo(2000, 3000, shrunk), Box(1000, 500, 600, 1000))
    assert square.shape == (SIZE_PX, SIZE_PX, 4)
    for row, column, red, green in (
        (SIZE_PX // 2, SIZE_PX // 2, 1300 / 3000, 1000 / 2000),
        (0, 0, 700 / 3000, 400 / 2000),
        (-1, -1, 1900 / 3000, 1600 / 2000),
    ):
        expected = 255 * np.array([red, green, 1, 1])
        np.testing.assert_allclose(square[row, column], expected, atol=2)


def test_small_person_keeps_its_pixels() -> None:
    whole = photo(200, 200)
    square = thumbnail(whole, Box(60, 50, 100, 100))
    np.testing.assert_array_equal(square[..., :3], whole.pixels[40:160, 50:170])


@pytest.mark.parametrize("box", [Box(-50, -50, 100, 100), Box(150, 150, 100, 100)])
def test_outside_of_the_photo_is_transparent(box: Box) -> None:
    square = thumbnail(photo(200, 200), box)
    assert {0, 255} == set(np.unique(square[..., 3]))
    assert 0.2 < square[..., 3].mean() / 255 < 0.5


@pytest.mark.parametrize("box", [Box(500, 500, 10, 10), Box(5, 5, 0, 0), Box(-90, -90, 9, 9)])
def test_odd_boxes_are_no_failure(box: Box) -> None:
    square = thumbnail(photo(20, 20), box)
    assert square.shape[0] == square.shape[1] > 0
