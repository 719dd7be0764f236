# SPDX-License-Identifier: GPL-3.0-or-later
"""Thumbnails show the person, square and no larger than needed."""

import numpy as np
import pytest

from hund_blender.thumbnails import SIZE_PX, thumbnail


def picture(height: int, width: int) -> np.ndarray:
    """Opaque; red grows to the right, green downward."""
    pixels = np.ones((height, width, 4), np.float32)
    pixels[..., 0] = np.linspace(0, 1, width)
    pixels[..., 1] = np.linspace(0, 1, height)[:, None]
    return pixels


def test_large_person_is_scaled_down_evenly() -> None:
    square = thumbnail(picture(2000, 3000), np.array([1000.0, 500.0, 600.0, 1000.0]))
    assert square.shape == (SIZE_PX, SIZE_PX, 4)
    middle = square[SIZE_PX // 2, SIZE_PX // 2]
    np.testing.assert_allclose(middle, [1300 / 3000, 1000 / 2000, 1, 1], atol=0.005)
    np.testing.assert_allclose(square[0, 0, :2], [700 / 3000, 400 / 2000], atol=0.005)
    np.testing.assert_allclose(square[-1, -1, :2], [1900 / 3000, 1600 / 2000], atol=0.005)


def test_small_person_keeps_its_pixels() -> None:
    pixels = picture(200, 200)
    square = thumbnail(pixels, np.array([60.0, 50.0, 100.0, 100.0]))
    np.testing.assert_array_equal(square, pixels[40:160, 50:170])


@pytest.mark.parametrize("box", [(-50, -50, 100, 100), (150, 150, 100, 100)])
def test_outside_of_the_photo_is_transparent(box: tuple[float, ...]) -> None:
    square = thumbnail(picture(200, 200), np.array(box, float))
    assert {0.0, 1.0} == set(np.unique(square[..., 3]))
    assert 0.2 < square[..., 3].mean() < 0.5


@pytest.mark.parametrize("box", [(500, 500, 10, 10), (5, 5, 0, 0)])
def test_odd_boxes_are_no_failure(box: tuple[float, ...]) -> None:
    square = thumbnail(picture(20, 20), np.array(box, float))
    assert square.shape[0] == square.shape[1] > 0
