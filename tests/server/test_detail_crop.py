# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.detail_crop import hand_square
from model_server.squares import in_square


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
