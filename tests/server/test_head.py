# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.bones import BodyBones, ReferenceBones
from model_server.face_session import SeenFace
from model_server.fusion import chained
from model_server.head import carried_by_head, fuse_head
from model_server.turns import angle_between, turn_about
from tests.server.tiny_body import write_tiny_body

UP = np.array([0.0, 0.0, 1.0])
CAM_FROM_BODY = turn_about(np.array([1.0, 0, 0]), 1.5) @ turn_about(UP, 0.4)


@pytest.fixture(scope="module")
def bones(tmp_path_factory: pytest.TempPathFactory) -> ReferenceBones:
    asset = write_tiny_body(tmp_path_factory.mktemp("body") / "anny.npz")
    return BodyBones(asset).reference({})


def turned(bones: ReferenceBones, degrees: float, clarity: float = 1.0) -> dict[str, np.ndarray]:
    """The bones that a face turned aside by so much makes of a straight neck."""
    cam_from_head = CAM_FROM_BODY @ turn_about(UP, np.radians(degrees))
    return fuse_head({}, CAM_FROM_BODY, SeenFace({}, cam_from_head, clarity), bones)


def test_the_head_turns_as_the_face_was_seen_and_the_neck_takes_a_quarter(bones) -> None:
    rotations = turned(bones, 40)
    head = chained(rotations, ("neck01", "head"))
    np.testing.assert_allclose(head, turn_about(UP, np.radians(40)), atol=1e-9)
    assert angle_between(np.eye(3), rotations["neck01"]) == pytest.approx(np.radians(10))


def test_a_face_that_no_neck_reaches_is_not_believed(bones) -> None:
    assert turned(bones, 120) == {}


def test_a_small_face_turns_the_head_a_little_and_none_turns_nothing(bones) -> None:
    head = chained(turned(bones, 40, clarity=0.5), ("neck01", "head"))
    np.testing.assert_allclose(head, turn_about(UP, np.radians(20)), atol=1e-9)
    assert fuse_head({}, CAM_FROM_BODY, SeenFace({}), bones) == {}


def test_other_bones_stay(bones) -> None:
    rotations = {"wrist.L": turn_about(UP, 0.3)}
    fused = fuse_head(rotations, CAM_FROM_BODY, SeenFace({}, CAM_FROM_BODY), bones)
    assert fused["wrist.L"] is rotations["wrist.L"]


def test_points_of_the_face_are_carried_along(bones) -> None:
    rotations = turned(bones, 40)
    joint = bones.head("head") - bones.heads[0]
    points = joint + np.array([[0.0, 0.0, 0.0], [0.0, -0.1, 0.0], [0.0, 0.0, 0.1]])
    carried = carried_by_head(points, {}, rotations, bones)
    neck = bones.head("neck01") - bones.heads[0]
    expected = neck + rotations["neck01"] @ (joint - neck)
    np.testing.assert_allclose(carried[0], expected, atol=1e-9)
    turn = turn_about(UP, np.radians(40))
    np.testing.assert_allclose(carried - carried[0], (points - joint) @ turn.T, atol=1e-9)
    back = carried_by_head(carried, rotations, {}, bones)
    np.testing.assert_allclose(back, points, atol=1e-9)
