# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.bones import Array, BodyBones, ReferenceBones, nearest_rotations
from model_server.camera import camera_of
from model_server.fingers import (
    angle_between,
    finger_rotations,
    limited,
    limited_swing,
    palm_turn,
    signed_angle,
    split_wrist,
    turn_about,
)
from model_server.fusion import chained, fuse_hands, hand_in_camera
from model_server.hand_rig import HandRig, hand_rig, unit
from model_server.hypotheses import vote
from model_server.landmarks import HandLandmarks
from tests.server.doubles import made_up_pose
from tests.server.tiny_body import write_tiny_body

CAMERA = camera_of(600, 400)
angles = st.floats(-3, 3)
axes = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


@pytest.fixture(scope="module")
def bones(tmp_path_factory: pytest.TempPathFactory) -> ReferenceBones:
    asset = write_tiny_body(tmp_path_factory.mktemp("body") / "anny.npz")
    return BodyBones(asset).reference({"age": 0})


@pytest.fixture(scope="module")
def rig(bones: ReferenceBones) -> HandRig:
    return hand_rig(bones, "left")


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


@given(axes, angles, axes, st.floats(-1, 1))
def test_a_wrist_is_twist_and_bend(
    axis: tuple[float, ...], twist: float, across: tuple[float, ...], bend: float
) -> None:
    axis = unit(np.array(axis))
    around = np.cross(axis, across)
    if np.linalg.norm(around) < 0.01:
        return
    swing = turn_about(unit(around), bend)
    found_twist, found_swing = split_wrist(turn_about(axis, twist) @ swing, axis, np.pi)
    assert found_twist == pytest.approx(twist, abs=1e-6)
    np.testing.assert_allclose(found_swing, swing, atol=1e-6)


@given(axes, st.floats(-3, 3), st.floats(0, 3))
def test_limits(axis: tuple[float, ...], angle: float, reach: float) -> None:
    turn = limited(turn_about(unit(np.array(axis)), angle), reach)
    assert angle_between(turn, np.eye(3)) == pytest.approx(min(abs(angle), reach), abs=1e-5)


def test_the_shortest_way() -> None:
    x, y = np.eye(3)[:2]
    np.testing.assert_allclose(limited_swing(x, y, np.pi) @ x, y, atol=1e-12)
    np.testing.assert_allclose(limited_swing(x, x, np.pi), np.eye(3))
    assert angle_between(limited_swing(x, y, 0.3), np.eye(3)) == pytest.approx(0.3)
    assert signed_angle(x, y, np.array([0, 0, 1.0])) == pytest.approx(np.pi / 2)
    assert signed_angle(x, y, np.array([0, 0, -1.0])) == pytest.approx(-np.pi / 2)


def test_bones_follow_the_shape(tmp_path: Path) -> None:
    body = BodyBones(write_tiny_body(tmp_path / "anny.npz"))
    small, large = body.reference({"age": 0}), body.reference({"age": 1})
    np.testing.assert_allclose(large.heads, 2 * small.heads, atol=1e-6)
    assert small.ancestors("wrist.L") == ("upperarm01.L", "lowerarm02.L")


def test_the_nearest_rotation_is_a_rotation() -> None:
    matrices = np.random.default_rng(0).normal(size=(20, 3, 3))
    rotations = nearest_rotations(matrices)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-9)
    np.testing.assert_allclose(nearest_rotations(rotations), rotations, atol=1e-9)


def test_the_fused_hand_turns_as_seen(rig: HandRig, bones: ReferenceBones) -> None:
    cam_from_body = turn_about(unit(np.array([1.0, 0.2, 0.1])), 1.4)
    body = {"upperarm01.L": turn_about(np.array([0, 1.0, 0]), 0.6), "wrist.L": np.eye(3)}
    hand_turn = turn_about(np.array([1.0, 0, 0]), 0.7) @ turn_about(np.array([0, 0, 1.0]), 0.5)
    cam_from_palm = cam_from_body @ body["upperarm01.L"] @ hand_turn
    hand = HandLandmarks(
        landmarks_px=np.full((21, 2), CAMERA.center_px, np.float32),
        world_m=points_of(rig, {}, cam_from_palm).astype(np.float32),
        confidence=0.9,
    )
    person = replace(vote([made_up_pose(0)]), left_hand=hand)
    fused = fuse_hands(body, cam_from_body, person, CAMERA, bones)
    turn = chained(fused, [*rig.ancestors, rig.wrist])
    assert angle_between(cam_from_body @ turn, cam_from_palm) < 1e-3
    assert angle_between(fused["lowerarm02.L"], np.eye(3)) == pytest.approx(0.7, abs=0.05)
    assert "finger2-1.L" in fused
    assert "finger2-1.R" not in fused


def test_a_hand_that_contradicts_the_body_keeps_its_fingers_only(
    rig: HandRig, bones: ReferenceBones
) -> None:
    behind = turn_about(np.array([0, 0, 1.0]), 3.0)
    hand = HandLandmarks(
        np.full((21, 2), CAMERA.center_px, np.float32),
        points_of(rig, {}, behind).astype(np.float32),
        0.9,
    )
    person = replace(vote([made_up_pose(0)]), left_hand=hand)
    fused = fuse_hands({"wrist.L": np.eye(3)}, np.eye(3), person, CAMERA, bones)
    np.testing.assert_array_equal(fused["wrist.L"], np.eye(3))
    assert "finger2-1.L" in fused


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
