# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.body_params import wxyz_from_matrix
from model_server.bones import Array
from model_server.clips.ground import ground_of
from model_server.landmark_names import HIPS, POSE_LANDMARKS, indices
from model_server.turns import turn_about

X_AXIS = np.array([1.0, 0.0, 0.0])
DOWN = turn_about(X_AXIS, 0.1) @ [0.0, 1.0, 0.0]  # the camera looks down a little
CAMERA_M = 1.4
FRAMES = 90


def walker(lean: float) -> tuple[Array, Array, Array]:
    """Somebody who comes from 6 m to 3 m and leans backwards all the way; landmarks, how visible
    they are, roots.
    """
    ahead = np.cross(X_AXIS, DOWN)
    places = CAMERA_M * DOWN + np.linspace(6, 3, FRAMES)[:, None] * ahead
    upright = turn_about(X_AXIS, lean) @ -DOWN
    heights = np.full(33, 1.5)
    heights[HIPS] = 0.9
    heights[list(indices(POSE_LANDMARKS, ["left_ankle", "right_ankle"]))] = 0.08
    feet = [f"{side}_{end}" for side in ("left", "right") for end in ("heel", "foot_index")]
    heights[list(indices(POSE_LANDMARKS, feet))] = 0.0
    points = places[:, None] + heights[:, None] * upright
    roots = np.repeat(np.stack([X_AXIS, np.cross(upright, X_AXIS), upright], 1)[None], FRAMES, 0)
    return points, np.ones((FRAMES, 33)), wxyz_from_matrix(roots)


def off_deg(down: Array) -> float:
    return float(np.degrees(np.arccos(np.clip(down @ DOWN, -1, 1))))


def test_upright_people_tell_down() -> None:
    ground = ground_of([walker(0.0)])
    assert off_deg(ground.down) < 0.5
    assert ground.below == pytest.approx(CAMERA_M, abs=0.1)


def test_the_way_that_feet_go_counts_for_more_than_how_somebody_leans() -> None:
    assert off_deg(ground_of([walker(np.radians(8))]).down) < 4.5


def test_nobody_tells_a_level_camera() -> None:
    ground = ground_of([])
    assert np.array_equal(ground.down, [0.0, 1.0, 0.0])
    assert np.isnan(ground.below)
