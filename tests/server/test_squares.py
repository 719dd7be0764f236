# SPDX-License-Identifier: GPL-3.0-or-later
import cv2
import numpy as np
import pytest

from model_server.squares import (
    Square,
    cut_square,
    from_square,
    in_square,
    mirrored_square,
    square_about,
    square_around,
)

SIZE = 128
POINTS = np.array([[100, 90], [180, 130], [140, 200], [90, 150]], np.float32)


@pytest.fixture(params=[0.0, 0.7, 2.5, -1.9])
def square(request: pytest.FixtureRequest) -> Square:
    angle = float(request.param)
    return square_around(POINTS, np.array([np.sin(angle), -np.cos(angle)]), 1.3)


def test_there_and_back(square: Square) -> None:
    np.testing.assert_allclose(from_square(square, in_square(square, POINTS)), POINTS, atol=1e-3)


def test_all_points_lie_within_in_the_middle(square: Square) -> None:
    places = in_square(square, POINTS)
    low, high = places.min(0), places.max(0)
    np.testing.assert_allclose((low + high) / 2, 0.5, atol=1e-4)
    np.testing.assert_allclose((high - low).max(), 1 / 1.3, atol=1e-4)


def test_up_is_up(square: Square) -> None:
    about = square_about(np.array([50.0, 60.0]), -square[:, 1], 40)
    np.testing.assert_allclose(in_square(about, np.array([50.0, 60.0])), 0.5, atol=1e-6)
    above = np.array([50.0, 60.0]) - 10 * square[:, 1] / np.linalg.norm(square[:, 1])
    np.testing.assert_allclose(in_square(about, above), [0.5, 0.25], atol=1e-6)


def test_what_lies_at_a_place_is_seen_there(square: Square) -> None:
    image = np.zeros((300, 320, 3), np.uint8)
    spot = from_square(square, np.array([0.25, 0.75]))
    cv2.circle(image, tuple(round(v - 0.5) for v in spot), 4, (255, 255, 255), -1)
    seen = cut_square(image, square, SIZE)[..., 0]
    row, column = np.unravel_index(cv2.GaussianBlur(seen, (9, 9), 3).argmax(), seen.shape)
    assert abs((column + 0.5) / SIZE - 0.25) < 0.02
    assert abs((row + 0.5) / SIZE - 0.75) < 0.02


def test_the_mirrored_square_of_a_mirror_image_looks_the_same(square: Square) -> None:
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8), (320, 300))
    flipped = np.ascontiguousarray(image[:, ::-1])
    in_mirror = square + np.array([[0, 0, -320], [0, 0, 0]])  # where x is from -320 to 0
    seen = cut_square(flipped, mirrored_square(in_mirror), SIZE)
    assert np.abs(cut_square(image, square, SIZE).astype(float) - seen).mean() < 1


def test_large_squares_are_averaged() -> None:
    board = np.indices((900, 900)).sum(0) % 2 * 255
    image = np.repeat(board[..., None], 3, 2).astype(np.uint8)
    corners = np.array([[20, 20], [880, 880]], np.float32)
    seen = cut_square(image, square_around(corners, np.array([0.0, -1.0]), 1.0), SIZE)
    assert seen[2:-2, 2:-2].std() < 10  # neither moire nor single pixels


def test_a_point_still_has_a_square() -> None:
    square = square_around(np.full((21, 2), 50, np.float32), np.zeros(2), 1.3)
    assert np.isfinite(square).all()
    assert np.linalg.det(square[:, :2]) > 0
