# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.bones import Array
from model_server.figure import Figure
from model_server.landmark_names import POSE_LANDMARKS
from model_server.limbs import LIMBS, TRUNK, bending_bones
from model_server.physique import Physique
from model_server.reaching import Goal, Stance, reached
from model_server.turns import angle_between
from tests.server.made_figure import CAMERA, SHAPE, seen_points, stance, the_physique

ARM = bending_bones("left arm", frozenset())
ALL = [bone for part in (TRUNK, *LIMBS) for bone in bending_bones(part, frozenset())]


@pytest.fixture(scope="module")
def physique() -> Physique:
    return the_physique()


@pytest.fixture(scope="module")
def figure(physique: Physique) -> Figure:
    return physique.figure(SHAPE)


def goal(points: Array, **trust: float) -> Goal:
    """To see some landmarks where these points (33, 3) are."""
    weights = np.zeros(33)
    for name, value in trust.items():
        weights[POSE_LANDMARKS.index(name)] = value
    return Goal(points[:, :2] / points[:, 2:], weights)


def px(physique: Physique, posed: Stance, name: str) -> Array:
    points, _ = seen_points(physique, posed)
    return CAMERA.project(points[POSE_LANDMARKS.index(name)])


def test_an_arm_reaches_what_it_can(physique: Physique, figure: Figure) -> None:
    start, truth = stance(upperarm01_L=0.0), stance(upperarm01_L=35.0, lowerarm01_L=-20.0)
    points, _ = seen_points(physique, truth)
    wanted = goal(points, left_shoulder=1, left_elbow=25, left_wrist=1, right_hip=1)
    there = reached(figure, start, wanted, ARM, moving=False)
    for name in ("left_elbow", "left_wrist"):
        before = np.linalg.norm(px(physique, start, name) - px(physique, truth, name))
        after = np.linalg.norm(px(physique, there, name) - px(physique, truth, name))
        assert before > 20
        assert after < 3
    assert set(there.rotations) - set(ARM) == set(start.rotations) - set(ARM)
    np.testing.assert_array_equal(there.root, start.root)
    np.testing.assert_array_equal(there.place, start.place)


def test_whoever_is_there_stays(physique: Physique, figure: Figure) -> None:
    start = stance(upperarm01_L=20.0)
    points, _ = seen_points(physique, start)
    there = reached(
        figure, start, goal(points, **dict.fromkeys(POSE_LANDMARKS, 1.0)), ALL, moving=True
    )
    for bone in ALL:
        turn = there.rotations[bone]
        assert angle_between(turn, start.rotations.get(bone, np.eye(3))) < 1e-4
    np.testing.assert_allclose(there.place, start.place, atol=1e-4)


def test_a_body_moves_where_it_is_seen(physique: Physique, figure: Figure) -> None:
    start = stance()
    aside = Stance(start.rotations, start.root, start.place + np.array([0.2, -0.1, 0]))
    points, _ = seen_points(physique, aside)
    wanted = goal(points, **dict.fromkeys(POSE_LANDMARKS, 1.0))
    there = reached(figure, start, wanted, ALL, moving=True)
    np.testing.assert_allclose(there.place[:2], aside.place[:2], atol=0.03)


@pytest.mark.parametrize("aim", [(5000.0, -300.0), (400.0, 400.0)])
def test_what_is_out_of_reach_breaks_nothing(
    physique: Physique, figure: Figure, aim: tuple[float, float]
) -> None:
    points, _ = seen_points(physique, stance())
    wanted = goal(points, left_elbow=25, left_wrist=1, right_hip=1)
    wanted.tangents[POSE_LANDMARKS.index("left_elbow")] = (np.array(aim) - 400) / 900
    there = reached(figure, stance(), wanted, ARM, moving=False)
    for bone in ARM:
        turn = there.rotations[bone]
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)


def test_landmarks_go_with_the_bones_that_carry_them(figure: Figure) -> None:
    def share(landmark: str, bone: str) -> float:
        return float(figure.shares[POSE_LANDMARKS.index(landmark), figure.bones.names.index(bone)])

    assert share("left_wrist", "upperarm01.L") == pytest.approx(1, abs=0.02)
    assert share("left_wrist", "upperarm01.R") == pytest.approx(0, abs=0.02)
    assert share("nose", "root") == pytest.approx(1, abs=1e-3)
    assert share("left_knee", "lowerarm01.L") == pytest.approx(0, abs=1e-6)
