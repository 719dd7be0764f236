# SPDX-License-Identifier: GPL-3.0-or-later
"""The 55 joints of SMPL-X, and which bones of our body are in each."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

SMPL_FROM_BODY: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])

_SIDES: Final = (("left", ".L"), ("right", ".R"))
_FINGERS: Final = (("index", 2), ("middle", 3), ("pinky", 5), ("ring", 4), ("thumb", 1))

JOINTS: Final = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2",
    "left_ankle", "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar",
    "right_collar", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "jaw", "left_eye_smplhf", "right_eye_smplhf",
    *(
        f"{side}_{finger}{number}"
        for side, _ in _SIDES
        for finger, _ in _FINGERS
        for number in (1, 2, 3)
    ),
)  # fmt: skip
PARENTS: Final = (
    *(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15),
    *(
        wrist if number == 0 else start + 3 * finger + number - 1
        for wrist, start in ((20, 25), (21, 40))
        for finger in range(len(_FINGERS))
        for number in range(3)
    ),
)
BODY_JOINTS: Final = 22  # with the pelvis
JAW, LEFT_EYE, RIGHT_EYE = JOINTS.index("jaw"), 23, 24
HANDS: Final = (slice(25, 40), slice(40, 55))  # left, right

JAW_BONE: Final = "jaw"  # which our own body does not have
_TOES: Final = (
    *("toe1-1", "toe1-2"),
    *(f"toe{toe}-{number}" for toe in (2, 4, 5) for number in (1, 2, 3)),
    *("toe3-2", "toe3-3"),
)
_MIDDLE: Final[Mapping[str, Sequence[str]]] = {
    "pelvis": ("pelvis.L", "pelvis.R", "spine05"),
    "spine1": ("spine04",),
    "spine2": ("spine03",),
    "spine3": ("spine02", "spine01"),
    "neck": ("neck01", "neck02", "neck03"),
    "head": ("head",),
    "jaw": (JAW_BONE,),
}
_SIDED: Final[Mapping[str, Sequence[str]]] = {
    "hip": ("upperleg01", "upperleg02"),
    "knee": ("lowerleg01", "lowerleg02"),
    "ankle": ("foot",),
    "foot": ("toe3-1", *_TOES),
    "collar": ("clavicle", "shoulder01"),
    "shoulder": ("upperarm01", "upperarm02"),
    "elbow": ("lowerarm01", "lowerarm02"),
    "wrist": ("wrist", *(f"metacarpal{number}" for number in (1, 2, 3, 4))),
    "eye_smplhf": ("eye",),
    **{
        f"{finger}{joint}": (f"finger{number}-{joint}",)
        for finger, number in _FINGERS
        for joint in (1, 2, 3)
    },
}
# By joint, the bones that turn with it; it lies where the first one begins.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    **{joint: tuple(bones) for joint, bones in _MIDDLE.items()},
    **{
        f"{side}_{joint}": tuple(bone + ending for bone in bones)
        for side, ending in _SIDES
        for joint, bones in _SIDED.items()
    },
}


def leaders(bone_names: Sequence[str]) -> NDArray[np.intp]:
    """By joint (55,), the place of the bone that begins there."""
    return np.array([bone_names.index(GROUPS[joint][0]) for joint in JOINTS])


def joint_of_bones(bone_names: Sequence[str]) -> NDArray[np.intp]:
    """By bone (B,), the joint that it turns with; the root has no skin and goes to the pelvis."""
    joint_of = {bone: JOINTS.index(joint) for joint, bones in GROUPS.items() for bone in bones}
    return np.array([joint_of.get(bone, 0) for bone in bone_names])
