# SPDX-License-Identifier: GPL-3.0-or-later
"""A body's bones to its hands: what fingers and palms are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from model_server.bones import Array, ReferenceBones
from model_server.hands import Side
from model_server.turns import unit

FINGERS: Final = ("finger1", "finger2", "finger3", "finger4", "finger5")
_LETTER: Final[Mapping[Side, str]] = {"left": "L", "right": "R"}


@dataclass(frozen=True)
class HandRig:
    """One hand in the reference pose, in body axes (docs/conventions.md); the thumb comes first."""

    wrist: str  # bone names
    forearm: str  # turns about its own axis
    fingers: tuple[tuple[str, str, str], ...]  # from the palm outwards
    ancestors: tuple[str, ...]  # bones above the wrist, the root first and left out
    palm: Array  # (6, 3) metres: wrist, then where each finger begins
    directions: Array  # (5, 3, 3) unit, along each bone of each finger
    forearm_axis: Array  # (3,) unit, towards the wrist


def hand_rig(bones: ReferenceBones, side: Side) -> HandRig:
    """One hand of a body of some shape."""
    letter = _LETTER[side]
    wrist, forearm = f"wrist.{letter}", f"lowerarm02.{letter}"
    fingers = tuple((f"{f}-1.{letter}", f"{f}-2.{letter}", f"{f}-3.{letter}") for f in FINGERS)
    return HandRig(
        wrist=wrist,
        forearm=forearm,
        fingers=fingers,
        ancestors=bones.ancestors(wrist),
        palm=np.array([bones.head(wrist), *(bones.head(names[0]) for names in fingers)]),
        directions=np.array([_directions(bones, names) for names in fingers]),
        forearm_axis=unit(bones.head(wrist) - bones.head(forearm)),
    )


def _directions(bones: ReferenceBones, finger: tuple[str, str, str]) -> Array:
    """(3, 3) unit vectors along the bones of a finger, from joint to joint to the tip."""
    joints = np.array([*(bones.head(name) for name in finger), bones.tail(finger[-1])])
    return unit(np.diff(joints, axis=0))
