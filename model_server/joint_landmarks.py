# SPDX-License-Identifier: GPL-3.0-or-later
"""Which landmarks tell how a bone is turned: plain data."""

from typing import Final

# By the start of the bone's name; `left_` or `right_` is filled in from its side.
LANDMARKS_OF_BONE: Final[dict[str, tuple[str, ...]]] = {
    "upperleg": ("{side}_hip", "{side}_knee"),
    "lowerleg": ("{side}_knee", "{side}_ankle"),
    "foot": ("{side}_ankle", "{side}_heel", "{side}_foot_index"),
    "toe": ("{side}_foot_index",),
    "pelvis": ("{side}_hip",),
    "clavicle": ("{side}_shoulder",),
    "shoulder": ("{side}_shoulder",),
    "upperarm": ("{side}_shoulder", "{side}_elbow"),
    "lowerarm": ("{side}_elbow", "{side}_wrist"),
    "wrist": ("{side}_wrist", "{side}_index", "{side}_pinky"),
    "metacarpal": ("{side}_wrist", "{side}_index", "{side}_pinky"),
    "finger": ("{side}_index", "{side}_pinky", "{side}_thumb"),
    "spine": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    "root": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    "neck": ("left_shoulder", "right_shoulder", "nose", "left_ear", "right_ear"),
    "head": ("nose", "left_ear", "right_ear"),
    "eye": ("{side}_eye",),
}

_SIDES: Final = {"L": "left", "R": "right"}


def landmarks_of_bone(bone: str) -> tuple[str, ...]:
    """Names of the landmarks that a bone depends on; none for a bone that is not known."""
    name, _, side = bone.partition(".")
    kind = next((kind for kind in LANDMARKS_OF_BONE if name.startswith(kind)), None)
    landmarks = LANDMARKS_OF_BONE[kind] if kind else ()
    return tuple(landmark.format(side=_SIDES.get(side, "")) for landmark in landmarks)
