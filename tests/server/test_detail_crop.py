# SPDX-License-Identifier: GPL-3.0-or-later
import cv2
import numpy as np
import pytest

from model_server.detail_crop import (
    DETAIL_PX,
    cut_square,
    from_square,
    hand_square,
    in_square,
    mirrored_square,
    upright_square,
)


def hand(angle: float) -> np.ndarray:
    """Landmarks (21, 2) of a flat hand, fingers up, turned clockwise."""
    columns = np.repeat(np.arange(5) - 2.0, 4) * 12
    rows = -30 - 14.0 * np.tile(np.arange(4), 5)
    points = np.vstack([[0, 0], np.column_stack([columns, rows])])
    c, s = np.cos(angle), np.sin(angle)
    return (points @ np.array([[c, s], [-s, c]]) + (150, 140)).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.6, 2.5, -1.9])
def test_hands_stand_upright_in_their_squares(angle: float) -> None:
    places = in_square(hand_square(hand(angle)), hand(angle))
    np.testing.assert_allclose(places, in_square(hand_square(hand(0)), hand(0)), atol=1e-4)
    assert places[0, 1] > places[:, 1].mean()
    assert places.min() > 0
    assert places.max() < 1


def test_there_and_back() -> None:
    square, px = hand_square(hand(0.4)), hand(1.0)
    np.testing.assert_allclose(from_square(square, in_square(square, px)), px, atol=1e-3)


def test_what_lies_at_a_place_is_seen_there() -> None:
    image = np.zeros((300, 320, 3), np.uint8)
    square = hand_square(hand(0.7))
    spot = from_square(square, np.array([0.25, 0.75]))
    cv2.circle(image, tuple(round(v - 0.5) for v in spot), 4, (255, 255, 255), -1)
    seen = cut_square(image, square)[..., 0]
    row, column = np.unravel_index(cv2.GaussianBlur(seen, (9, 9), 3).argmax(), seen.shape)
    assert abs((column + 0.5) / DETAIL_PX - 0.25) < 0.02
    assert abs((row + 0.5) / DETAIL_PX - 0.75) < 0.02


def test_a_right_hand_looks_like_a_left_one() -> None:
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8), (320, 300))
    flipped = np.ascontiguousarray(image[:, ::-1])
    px = hand(0.5)
    in_mirror = px * np.array([-1, 1]) + np.array([320, 0])
    left = cut_square(image, hand_square(px))
    right = cut_square(flipped, mirrored_square(hand_square(in_mirror * np.array([-1, 1]))))
    assert np.abs(left.astype(float) - right).mean() < 1


def test_large_squares_are_averaged() -> None:
    board = np.indices((900, 900)).sum(0) % 2 * 255
    image = np.repeat(board[..., None], 3, 2).astype(np.uint8)
    corners = np.array([[20, 20], [880, 880]], np.float32)
    seen = cut_square(image, upright_square(corners, np.array([0.0, -1.0]), 1.0))
    assert seen[2:-2, 2:-2].std() < 10  # neither moire nor single pixels


def test_a_point_still_has_a_square() -> None:
    square = hand_square(np.full((21, 2), 50, np.float32))
    assert np.isfinite(square).all()
    assert np.linalg.det(square[:, :2]) > 0
