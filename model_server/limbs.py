# SPDX-License-Identifier: GPL-3.0-or-later
"""Which limb landmarks and bones belong to: plain data. What belongs to none is of the trunk."""

from typing import Final

TRUNK: Final = "trunk"

# By the start of the name, without its side.
_LIMB_OF_LANDMARK: Final = {
    "nose": "head",
    "eye": "head",
    "ear": "head",
    "mouth": "head",
    "elbow": "arm",
    "wrist": "arm",
    "pinky": "arm",
    "index": "arm",
    "thumb": "arm",
    "knee": "leg",
    "ankle": "leg",
    "heel": "leg",
    "foot": "leg",
}
_LIMB_OF_BONE: Final = {
    "neck": "head",
    "head": "head",
    "eye": "head",
    "upperarm": "arm",
    "lowerarm": "arm",
    "wrist": "arm",
    "metacarpal": "arm",
    "finger": "arm",
    "upperleg": "leg",
    "lowerleg": "leg",
    "foot": "leg",
    "toe": "leg",
}

# Bones that bend to bring the landmarks of a part where they are wanted.
_BENDING: Final = {
    TRUNK: ("spine04", "spine03", "spine02", "clavicle.L", "clavicle.R"),
    "head": ("neck01", "head"),
    "arm": ("upperarm01", "lowerarm01"),
    "leg": ("upperleg01", "lowerleg01"),
}
_BENDING_ENDS: Final = {"pinky": "wrist", "index": "wrist", "heel": "foot", "foot": "foot"}
LIMBS: Final = ("head", "left arm", "right arm", "left leg", "right leg")


def limb_of_landmark(landmark: str) -> str:
    """One of `LIMBS`, or `TRUNK`: `left arm` for `left_elbow`."""
    words = [word for word in landmark.split("_") if word not in ("left", "right")]
    limb = _LIMB_OF_LANDMARK.get(words[0], TRUNK)
    if limb in ("head", TRUNK):
        return limb
    return f"{landmark.split('_')[0]} {limb}"


def limb_of_bone(bone: str) -> str:
    """One of `LIMBS`, or `TRUNK`: `left arm` for `lowerarm01.L`."""
    name, _, letter = bone.partition(".")
    limb = next((limb for kind, limb in _LIMB_OF_BONE.items() if name.startswith(kind)), TRUNK)
    if limb in ("head", TRUNK):
        return limb
    return f"{'left' if letter == 'L' else 'right'} {limb}"


def bending_bones(part: str, touched: frozenset[str]) -> tuple[str, ...]:
    """Bones that bend to bring a part, `TRUNK` or one of `LIMBS`, to its landmarks; those of hands
    and feet only where these were touched.
    """
    if part in _BENDING:
        return _BENDING[part]
    side, limb = part.split(" ")
    ends = {
        _BENDING_ENDS[word]
        for name in touched
        if limb_of_landmark(name) == part and (word := name.split("_")[1]) in _BENDING_ENDS
    }
    return tuple(f"{bone}.{side[0].upper()}" for bone in (*_BENDING[limb], *sorted(ends)))
