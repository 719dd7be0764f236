# SPDX-License-Identifier: GPL-3.0-or-later
"""What hands do: shapes of grasps, gestures and rest, in degrees of their joints.

Angles count from the straight, flat hand. Sources of the shapes: the grasp taxonomy of Feix,
Romero, Schmiedmayer, Dollar and Kragic (IEEE T. Human-Machine Systems 46, 2016), of which several
grasps share one shape here; the position of function and the resting cascade, in which flexion
grows from the index to the little finger (Kapandji, The Physiology of the Joints, vol. 1); the rest
are everyday gestures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Pair = tuple[float, float]
Touch = Literal["index", "middle", "back of index", "back of middle", "side of index"]


@dataclass(frozen=True)
class Thumb:
    """In degrees: where the metacarpal points from the hand's axis, its turn about itself towards
    the fingers, and how far the two outer joints bend away from the reference pose."""

    across: float  # in the plane of the palm, away from the index finger
    forward: float  # out of that plane, to the palm's side
    turn: float = 0.0
    knuckle: float = 0.0
    outer: float = 0.0


@dataclass(frozen=True)
class Grip:
    fingers: tuple[Pair, ...]  # knuckle and middle joint; index, middle, ring, little finger
    thumb: Thumb
    spread: float = 0.3  # 0 fingers closed … 1 as far apart as they go
    weight: float = 1.0
    touches: Touch | None = None  # what the thumb's pad lies on


STRAIGHT: Final = (0.0, 4.0)
FOLDED: Final = (86.0, 103.0)
HALF: Final = (50.0, 62.0)

BESIDE: Final = Thumb(38, 18)  # along the index finger
ASIDE: Final = Thumb(76, 22, -6, -4, -8)  # as far from the fingers as it goes, in the palm's plane
AT_EASE: Final = Thumb(54, 38, 0, 4, 6)
OVER_FIST: Final = Thumb(40, 44, 24, 28, 36)
BESIDE_FIST: Final = Thumb(38, 28, 5, 8, 22)
OPPOSED: Final = Thumb(52, 62, 24, 8, 14)
ACROSS_PALM: Final = Thumb(22, 30, 14, 44, 44)

GRIPS: Final[dict[str, Grip]] = {
    "relaxed": Grip(((22, 22), (28, 30), (33, 34), (36, 34)), AT_EASE, 0.35, 5.0),
    "hanging": Grip(((28, 34), (36, 44), (42, 48), (46, 46)), Thumb(46, 36, 4, 8, 12), 0.2, 4.0),
    "of function": Grip(((42, 32), (46, 38), (48, 40), (48, 38)), OPPOSED, 0.3, 2.0),
    "resting on something": Grip(((14, 12), (12, 14), (12, 14), (14, 14)), AT_EASE, 0.35, 2.0),
    "flat": Grip((STRAIGHT,) * 4, BESIDE, 0.0, 2.0),
    "flat, thumb aside": Grip((STRAIGHT,) * 4, ASIDE, 0.1, 1.5),
    "open": Grip(((4, 8), (4, 8), (4, 8), (4, 8)), Thumb(66, 30), 0.5, 2.5),
    "splayed": Grip(((-6, 2), (-4, 2), (-4, 2), (-6, 2)), ASIDE, 1.0, 1.5),
    "bent back": Grip(((-22, 4), (-20, 4), (-20, 4), (-24, 4)), ASIDE, 0.5, 0.5),
    "cupped": Grip(((26, 22), (28, 24), (30, 24), (32, 24)), Thumb(40, 42, 8), 0.05),
    "fist": Grip((FOLDED,) * 4, OVER_FIST, 0.0, 3.0, "back of middle"),
    "loose fist": Grip(((64, 80), (68, 84), (70, 86), (68, 82)), BESIDE_FIST, 0.1, 2.5),
    "thumb up": Grip((FOLDED,) * 4, ASIDE, 0.0, 1.5),
    "pointing": Grip((STRAIGHT, FOLDED, FOLDED, FOLDED), OVER_FIST, 0.1, 1.5, "back of middle"),
    "pointing loosely": Grip(((12, 12), HALF, (58, 70), (60, 70)), BESIDE_FIST, 0.2, 1.5),
    "pointing, thumb aside": Grip((STRAIGHT, FOLDED, FOLDED, FOLDED), ASIDE, 0.1, 0.7),
    "victory": Grip((STRAIGHT, STRAIGHT, FOLDED, FOLDED), Thumb(34, 40, 24, 32, 40), 0.9),
    "two together": Grip((STRAIGHT, STRAIGHT, FOLDED, FOLDED), Thumb(34, 40, 24, 32, 40), 0.0, 0.5),
    "two and thumb": Grip((STRAIGHT, STRAIGHT, FOLDED, FOLDED), ASIDE, 0.6, 0.5),
    "three": Grip((STRAIGHT, STRAIGHT, STRAIGHT, FOLDED), ACROSS_PALM, 0.6, 0.5),
    "four": Grip((STRAIGHT,) * 4, ACROSS_PALM, 0.5, 0.7),
    "little finger": Grip((FOLDED, FOLDED, FOLDED, (4, 6)), OVER_FIST, 0.3, 0.3, "back of middle"),
    "horns": Grip((STRAIGHT, FOLDED, FOLDED, (2, 6)), OVER_FIST, 0.4, 0.5, "back of middle"),
    "call me": Grip((FOLDED, FOLDED, FOLDED, (2, 6)), ASIDE, 0.6, 0.5),
    "ring of thumb and index": Grip(
        ((48, 52), (18, 16), (12, 12), (8, 10)), OPPOSED, 0.5, 1.0, "index"
    ),
    "pinch": Grip(((54, 46), (50, 48), (50, 48), (48, 46)), OPPOSED, 0.2, 1.5, "index"),
    "pen": Grip(((56, 42), (60, 46), (64, 62), (64, 64)), OPPOSED, 0.05, 1.5, "middle"),
    "all fingertips together": Grip(
        ((56, 34), (58, 34), (60, 34), (58, 36)), OPPOSED, 0.0, 0.7, "middle"
    ),
    "key": Grip(((48, 66), (56, 74), (60, 78), (62, 76)), BESIDE_FIST, 0.0, 1.0, "side of index"),
    "bottle": Grip(((38, 42), (42, 46), (46, 48), (48, 46)), Thumb(54, 60, 22, 6, 14), 0.3, 2.0),
    "handle": Grip(((62, 76), (66, 80), (70, 80), (72, 76)), Thumb(44, 58, 26, 20, 30), 0.1, 2.0),
    "ball": Grip(((24, 36), (26, 38), (26, 38), (26, 38)), Thumb(64, 56, 16, 2, 14), 0.9, 1.0),
    "small ball": Grip(((42, 44), (44, 46), (44, 46), (44, 46)), Thumb(56, 62, 22, 6, 20), 0.5),
    "bag": Grip(((16, 84), (18, 90), (20, 92), (22, 88)), Thumb(42, 32, 4, 8, 14), 0.1, 1.0),
    "plate": Grip(((66, 8), (68, 8), (68, 8), (66, 8)), Thumb(46, 62, 22, 4, 6), 0.1, 1.0),
    "telephone": Grip(((30, 34), (36, 46), (42, 52), (44, 52)), Thumb(50, 44, 10, 2, 8), 0.2, 1.0),
    "keyboard": Grip(((26, 36), (26, 40), (28, 40), (26, 36)), Thumb(50, 32, 4, 2, 8), 0.4, 1.0),
    "claw": Grip(((-8, 66), (-8, 70), (-8, 70), (-8, 66)), Thumb(66, 42, 6, 8, 34), 0.7, 0.6),
    "scissors of index and thumb": Grip((STRAIGHT, HALF, HALF, HALF), ASIDE, 0.2, 0.4),
}
