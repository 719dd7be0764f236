# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of landmarks, their mirror images, and the COCO joints among them: plain data."""

from collections.abc import Sequence
from typing import Final

POSE_LANDMARKS: Final = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)

HAND_LANDMARKS: Final = (
    "wrist",
    "thumb_cmc",
    "thumb_mcp",
    "thumb_ip",
    "thumb_tip",
    "index_mcp",
    "index_pip",
    "index_dip",
    "index_tip",
    "middle_mcp",
    "middle_pip",
    "middle_dip",
    "middle_tip",
    "ring_mcp",
    "ring_pip",
    "ring_dip",
    "ring_tip",
    "pinky_mcp",
    "pinky_pip",
    "pinky_dip",
    "pinky_tip",
)


COCO_JOINTS: Final = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)

_SIDES: Final = ("left", "right")
# The 133 keypoints of COCO-WholeBody, in their order: a superset of what most detectors see.
WHOLE_BODY: Final = (
    *COCO_JOINTS,
    *(f"{side}_{end}" for side in _SIDES for end in ("big_toe", "small_toe", "heel")),
    *(f"face_{i}" for i in range(68)),
    *(f"{side}_hand:{name}" for side in _SIDES for name in HAND_LANDMARKS),
)


def mirrored_name(name: str) -> str:
    """The name of the same landmark on the other side of the body: `left_hip` for `right_hip`."""
    swap = {"left": "right", "right": "left"}
    return "_".join(swap.get(word, word) for word in name.split("_"))


def mirror_order(names: Sequence[str]) -> tuple[int, ...]:
    """Indices `m` so that landmark `i` of a mirrored picture is landmark `m[i]` of the picture."""
    return tuple(names.index(mirrored_name(name)) for name in names)


def indices(names: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    """Where each wanted name stands in `names`."""
    return tuple(names.index(name) for name in wanted)


POSE_MIRROR: Final = mirror_order(POSE_LANDMARKS)
HIPS: Final = list(indices(POSE_LANDMARKS, ["left_hip", "right_hip"]))
COCO_FROM_POSE: Final = indices(POSE_LANDMARKS, COCO_JOINTS)
