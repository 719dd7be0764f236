# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.landmark_names import POSE_LANDMARKS, indices
from model_server.person_crop import level_view, person_view
from model_server.squares import in_square

SHOULDERS = list(indices(POSE_LANDMARKS, ["left_shoulder", "right_shoulder"]))
HIPS = list(indices(POSE_LANDMARKS, ["left_hip", "right_hip"]))


def person(angle: float) -> np.ndarray:
    """Landmarks (33, 2) of somebody upright, turned clockwise."""
    points = np.random.default_rng(0).uniform(-90, 90, (33, 2))
    points[SHOULDERS], points[HIPS] = [[20, -50], [-20, -50]], [[12, 0], [-12, 0]]
    c, s = np.cos(angle), np.sin(angle)
    return (points @ np.array([[c, s], [-s, c]]) + (300, 200)).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.8, 3.1, -1.6])
def test_people_stand_upright_about_their_hips(angle: float) -> None:
    places = in_square(person_view(person(angle)), person(angle))
    np.testing.assert_allclose(places[HIPS].mean(0), 0.5, atol=1e-4)
    shoulders = places[SHOULDERS].mean(0)
    assert shoulders[1] < 0.4
    assert abs(shoulders[0] - 0.5) < 0.03
    assert places.min() > 0
    assert places.max() < 1


def test_whose_trunk_points_at_the_camera_is_shown_as_in_the_picture() -> None:
    points = person(0.0)
    points[SHOULDERS] = points[HIPS]
    square = person_view(points)
    np.testing.assert_allclose(square[:, 1] / np.linalg.norm(square[:, 1]), [0, 1], atol=1e-4)


@pytest.mark.parametrize("angle", [0.0, 0.8, 3.1])
def test_the_level_view_is_the_same_square_upright(angle: float) -> None:
    box, square = level_view(person(angle)), person_view(person(angle))
    np.testing.assert_allclose(box.center, square @ [0.5, 0.5, 1], atol=1e-2)
    np.testing.assert_allclose(box.width, np.linalg.norm(square[:, 0]), rtol=1e-3)
    assert box.width == box.height
