# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from model_server.landmark_names import POSE_LANDMARKS
from model_server.limbs import LIMBS, TRUNK, bending_bones, limb_of_bone, limb_of_landmark


@pytest.mark.parametrize(
    ("landmark", "bone", "limb"),
    [
        ("left_elbow", "lowerarm01.L", "left arm"),
        ("right_index", "finger2-1.R", "right arm"),
        ("left_foot_index", "toe1-1.L", "left leg"),
        ("right_knee", "upperleg02.R", "right leg"),
        ("mouth_left", "neck01", "head"),
        ("left_eye_inner", "eye.L", "head"),
        ("left_shoulder", "clavicle.L", TRUNK),
        ("right_hip", "root", TRUNK),
    ],
)
def test_landmarks_and_bones_of_a_limb(landmark: str, bone: str, limb: str) -> None:
    assert limb_of_landmark(landmark) == limb
    assert limb_of_bone(bone) == limb


def test_every_landmark_has_a_place() -> None:
    parts = [limb_of_landmark(name) for name in POSE_LANDMARKS]
    assert set(parts) == {*LIMBS, TRUNK}
    assert parts.count(TRUNK) == 4


def test_hands_and_feet_bend_for_their_own_landmarks_only() -> None:
    arm = bending_bones("left arm", frozenset({"left_elbow", "right_index"}))
    assert arm == ("upperarm01.L", "lowerarm01.L")
    assert bending_bones("right arm", frozenset({"right_index"}))[-1] == "wrist.R"
    assert bending_bones("left leg", frozenset({"left_foot_index"}))[-1] == "foot.L"
