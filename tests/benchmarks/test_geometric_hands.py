# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.geometric_hands import (
    finger_rotations,
    hand_in_camera,
    limited_swing,
    palm_turn,
    signed_angle,
)
from model_server.bones import Array, BodyBones
from model_server.camera import camera_of
from model_server.hand_rig import HandRig, hand_rig
from model_server.landmarks import HandLandmarks
from model_server.turns import angle_between, turn_about, unit
from tests.server.tiny_body import write_tiny_body

CAMERA = camera_of(600, 400)
angles = st.floats(-3, 3)
axes = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> HandRig:
    asset = write_tiny_body(tmp_path_factory.mktemp("body") / "anny.npz")
    return hand_rig(BodyBones(asset).reference({"age": 0}), "left")


def points_of(rig: HandRig, rotations: dict[str, Array], turn: Array) -> Array:
    """The 21 points of a hand whose fingers are turned, 3 cm per bone."""
    points = [rig.palm[0]]
    for finger, bones in enumerate(rig.fingers):
        so_far, at = np.eye(3), rig.palm[1 + finger]
        points.append(at)
        for bone, direction in zip(bones, rig.directions[finger], strict=True):
            so_far = so_far @ rotations.get(bone, np.eye(3))
            at = at + so_far @ direction * 0.03
            points.append(at)
    return np.array(points) @ turn.T


def bent(rig: HandRig, bends: list[float]) -> dict[str, Array]:
    """Fingers bent into the palm (down, for the tiny body), the thumb left alone."""
    hinge = np.array([0.0, 1.0, 0.0])
    names = [bone for finger in rig.fingers[1:] for bone in finger]
    return {bone: turn_about(hinge, bend) for bone, bend in zip(names, bends, strict=True)}


@given(st.lists(st.floats(0, 1.3), min_size=12, max_size=12), axes, angles)
@settings(max_examples=30)
def test_bent_fingers_are_found_again(
    rig: HandRig, bends: list[float], axis: tuple[float, ...], angle: float
) -> None:
    turn = turn_about(unit(np.array(axis)), angle)
    rotations = bent(rig, bends)
    points = points_of(rig, rotations, turn)
    np.testing.assert_allclose(palm_turn(rig, points), turn, atol=1e-6)
    found = finger_rotations(rig, points)
    for bone, expected in rotations.items():
        assert angle_between(found[bone], expected) < 0.05, bone


def test_a_flat_hand_turns_nothing(rig: HandRig) -> None:
    found = finger_rotations(rig, points_of(rig, {}, np.eye(3)))
    assert max(angle_between(turn, np.eye(3)) for turn in found.values()) < 1e-6


@given(st.integers(0, 1000))
def test_any_points_give_rotations_within_reach(rig: HandRig, seed: int) -> None:
    points = np.random.default_rng(seed).normal(0, 0.05, (21, 3))
    for turn in finger_rotations(rig, points).values():
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(turn) > 0
        assert angle_between(turn, np.eye(3)) < np.radians(125)


def test_points_in_one_place_do_no_harm(rig: HandRig) -> None:
    for turn in finger_rotations(rig, np.zeros((21, 3))).values():
        assert np.isfinite(turn).all()


def test_the_shortest_way() -> None:
    x, y = np.eye(3)[:2]
    np.testing.assert_allclose(limited_swing(x, y, np.pi) @ x, y, atol=1e-12)
    np.testing.assert_allclose(limited_swing(x, x, np.pi), np.eye(3))
    assert angle_between(limited_swing(x, y, 0.3), np.eye(3)) == pytest.approx(0.3)
    assert signed_angle(x, y, np.array([0, 0, 1.0])) == pytest.approx(np.pi / 2)
    assert signed_angle(x, y, np.array([0, 0, -1.0])) == pytest.approx(-np.pi / 2)


def test_hands_at_the_edge_are_seen_from_the_side(rig: HandRig) -> None:
    points = points_of(rig, {}, np.eye(3)).astype(np.float32)
    middle = HandLandmarks(np.full((21, 2), CAMERA.center_px, np.float32), points, 1.0)
    np.testing.assert_allclose(hand_in_camera(middle, CAMERA), points, atol=1e-7)
    edge = replace(
        middle, landmarks_px=middle.landmarks_px + np.array([CAMERA.focal_px, 0], np.float32)
    )
    turned = hand_in_camera(edge, CAMERA)
    assert angle_between(
        palm_turn(rig, points.astype(np.float64)), palm_turn(rig, turned)
    ) == pytest.approx(np.pi / 4, abs=1e-4)
