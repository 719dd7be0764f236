# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a human rig that bones are mapped to, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

LEFT, RIGHT = ".L", ".R"
SIDES: Final = (LEFT, RIGHT)

FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")
FINGER_SLOTS: Final = tuple(f"{finger}{joint}" for finger in FINGERS for joint in (1, 2, 3))
SEGMENTS: Final = ("upper_arm", "forearm", "thigh", "shin")
TWISTS: Final = tuple(f"{segment}_twist" for segment in SEGMENTS)
ARM: Final = ("shoulder", "upper_arm", "forearm", "hand")
LEG: Final = ("thigh", "shin", "foot", "toes")
TRUNK: Final = ("hips", "spine", "neck", "head")
FACE: Final = ("jaw", "eye")
HANDLES: Final = ("hand_ik", "elbow_pole", "foot_ik", "toes_ik", "knee_pole")

MIDDLE: Final = ("root", "center", *TRUNK, "jaw")
SIDED: Final = ("eye", *ARM, *LEG, *FINGER_SLOTS, *TWISTS, *HANDLES)
# These hold bones in a row from the body outward, or all toes; all others hold one.
CHAINS: Final = frozenset({"spine", "neck", "toes", *SEGMENTS, *TWISTS})
LONGEST_CHAIN: Final = 8

BoneMap = Mapping[str, tuple[str, ...]]  # bones by slot, such as upper_arm.L

# What hangs on what, as far as it is there.
PARENTS: Final[Mapping[str, str]] = {
    "spine": "hips",
    "neck": "spine",
    "head": "neck",
    "jaw": "head",
    "eye": "head",
    "shoulder": "spine",
    "upper_arm": "shoulder",
    "forearm": "upper_arm",
    "hand": "forearm",
    "thigh": "hips",
    "shin": "thigh",
    "foot": "shin",
    "toes": "foot",
    **{f"{segment}_twist": segment for segment in SEGMENTS},
    **{f"{finger}1": "hand" for finger in FINGERS},
    **{f"{finger}{joint}": f"{finger}{joint - 1}" for finger in FINGERS for joint in (2, 3)},
}

PARTS: Final = ("BODY", "HEAD", "ARM.L", "ARM.R", "HAND.L", "HAND.R", "LEG.L", "LEG.R")


def base(slot: str) -> str:
    """A slot without its side."""
    return slot[:-2] if slot.endswith(SIDES) else slot


def side(slot: str) -> str:
    """.L, .R, or nothing for what is in the middle."""
    return slot[-2:] if slot.endswith(SIDES) else ""


def mirrored(slot: str) -> str:
    """The same slot on the other side."""
    swap = {LEFT: RIGHT, RIGHT: LEFT, "": ""}
    return base(slot) + swap[side(slot)]


def parent(slot: str) -> str:
    """What a slot hangs on, nothing for hips, root and handles."""
    up = PARENTS.get(base(slot), "")
    return up + side(slot) if up in SIDED else up


def ancestors(slot: str) -> Iterator[str]:
    """What a slot hangs on, from near to far."""
    while slot := parent(slot):
        yield slot


def all_slots() -> Iterator[str]:
    """Every slot, from the middle of the body outward, left before right."""
    yield from MIDDLE
    yield from (slot + at for at in SIDES for slot in SIDED)


def main_slots(*, fingers: bool = True) -> Iterator[str]:
    """What makes a rig a human: the trunk and the limbs without helpers."""
    yield from TRUNK
    outer = (*ARM, *LEG, *(FINGER_SLOTS if fingers else ()))
    yield from (slot + at for at in SIDES for slot in outer)


def part(slot: str) -> str:
    """The part of the body, one of PARTS, that a slot is masked with."""
    name, at = base(slot), side(slot)
    if name in ("neck", "head", *FACE):
        return "HEAD"
    if name in FINGER_SLOTS:
        return "HAND" + at
    if name in (*LEG, "thigh_twist", "shin_twist", "foot_ik", "toes_ik", "knee_pole"):
        return "LEG" + at
    return "ARM" + at if at else "BODY"


def label(slot: str) -> str:
    """A slot as artists read it: Left Upper Arm."""
    words = base(slot).replace("_", " ").replace("ik", "IK").split()
    names = {LEFT: ["Left"], RIGHT: ["Right"], "": []}[side(slot)]
    return " ".join(names + [word if word == "IK" else _titled(word) for word in words])


def _titled(word: str) -> str:
    return f"{word[:-1].title()} {word[-1]}" if word[-1].isdigit() else word.title()
