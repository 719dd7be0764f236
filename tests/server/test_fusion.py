# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.bones import Array, BodyBones, ReferenceBones
from model_server.fusion import chained, fuse_hands
from model_server.hand_poses import HandPose
from model_server.hand_rig import hand_rig
from model_server.turns import angle_between, turn_about, unit
from tests.server.tiny_body import write_tiny_body

X, Y, Z = np.eye(3)
FINGERS = np.stack([turn_about(Y, 0.05 * i) for i in range(15)])
CAM_FROM_BODY = turn_about(unit(np.array([1.0, 0.2, 0.1])), 1.4)


@pytest.fixture(scope="module")
def bones(tmp_path_factory: pytest.TempPathFactory) -> ReferenceBones:
    asset = write_tiny_body(tmp_path_factory.mktemp("body") / "anny.npz")
    return BodyBones(asset).reference({})


def palm_of(rotations: dict[str, Array], bones: ReferenceBones) -> Array:
    """How a left palm is turned in the body."""
    rig = hand_rig(bones, "left")
    return chained(rotations, [*rig.ancestors, rig.wrist])


def test_the_fused_hand_turns_as_seen_and_the_forearm_takes_its_twist(
    bones: ReferenceBones,
) -> None:
    body = {"upperarm01.L": turn_about(Y, 0.6), "wrist.L": np.eye(3)}
    palm = CAM_FROM_BODY @ body["upperarm01.L"] @ turn_about(X, 0.7) @ turn_about(Z, 0.5)
    fused = fuse_hands(body, CAM_FROM_BODY, {"left": HandPose(FINGERS, palm)}, bones)
    np.testing.assert_allclose(CAM_FROM_BODY @ palm_of(fused, bones), palm, atol=1e-9)
    np.testing.assert_allclose(fused["lowerarm02.L"], turn_about(X, 0.7), atol=1e-9)
    assert angle_between(fused["wrist.L"], np.eye(3)) == pytest.approx(0.5)


def test_fingers_bend_as_seen_and_those_of_other_hands_stay(bones: ReferenceBones) -> None:
    fused = fuse_hands({}, np.eye(3), {"left": HandPose(FINGERS, np.eye(3))}, bones)
    np.testing.assert_array_equal(fused["finger1-1.L"], FINGERS[0])
    np.testing.assert_array_equal(fused["finger2-1.L"], FINGERS[3])
    np.testing.assert_array_equal(fused["finger5-3.L"], FINGERS[14])
    assert "finger2-1.R" not in fused
    assert fuse_hands({}, np.eye(3), {}, bones) == {}


def test_a_hand_that_contradicts_the_body_keeps_its_fingers_only(bones: ReferenceBones) -> None:
    behind = HandPose(FINGERS, turn_about(Z, 3.0))
    fused = fuse_hands({"wrist.L": np.eye(3)}, np.eye(3), {"left": behind}, bones)
    np.testing.assert_array_equal(fused["wrist.L"], np.eye(3))
    assert "lowerarm02.L" not in fused
    np.testing.assert_array_equal(fused["finger2-1.L"], FINGERS[3])
