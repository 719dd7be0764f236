# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from model_server.joint_landmarks import landmarks_of_bone
from model_server.landmark_names import (
    COCO_FROM_POSE,
    COCO_JOINTS,
    POSE_LANDMARKS,
    POSE_MIRROR,
    mirrored_name,
)


def test_mirroring_twice_changes_nothing() -> None:
    assert [POSE_MIRROR[i] for i in POSE_MIRROR] == list(range(33))
    assert mirrored_name("mouth_left") == "mouth_right"
    assert mirrored_name("nose") == "nose"


def test_coco_joints_are_among_the_landmarks() -> None:
    assert tuple(POSE_LANDMARKS[i] for i in COCO_FROM_POSE) == COCO_JOINTS


@pytest.mark.parametrize("bone", ["upperleg01.L", "wrist.R", "head", "spine03", "eye.L", "root"])
def test_landmarks_of_bones_exist(bone: str) -> None:
    assert landmarks_of_bone(bone)
    assert set(landmarks_of_bone(bone)) <= set(POSE_LANDMARKS)


def test_an_unknown_bone_has_no_landmarks() -> None:
    assert landmarks_of_bone("tail") == ()
