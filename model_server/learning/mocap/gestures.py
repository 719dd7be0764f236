# SPDX-License-Identifier: GPL-3.0-or-later
"""What photos show and clips lack: where hands and feet are when people sit, squat, kneel, lie and
hold their arms.

Places are metres on the average adult in the reference pose, for the left side; `right` mirrors
them when absent.
"""

from dataclasses import dataclass
from typing import Final

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class End:
    """Where a limb ends and which way its elbow or knee points."""

    place: Triple  # wrist in the chest's frame, or ankle from the hip in the pelvis's; x outward
    pole: Triple
    spread: float = 0.05  # metres, standard deviation
    turn: float = 0.0  # degrees the palm is turned up (arms) or the toes are pointed (legs)


@dataclass(frozen=True)
class Stance:
    """The lower body, and how the trunk is held above it."""

    left: End
    right: End | None = None
    pitch: tuple[float, float] = (-5.0, 5.0)  # degrees the pelvis is bowed forward: between these
    roll: tuple[float, float] = (0.0, 0.0)  # degrees it lies to the left
    bow: tuple[float, float] = (-5.0, 15.0)  # degrees the spine is bowed, all in all
    weight: float = 1.0
    arms: tuple[str, ...] = ()  # gestures that belong to it; none: any


@dataclass(frozen=True)
class Gesture:
    left: End
    right: End | None = None
    weight: float = 1.0


SIT: Final = End((0.04, -0.44, -0.42), (0.1, -1, 1), 0.07)
KNEEL: Final = End((0.05, 0.42, -0.40), (0.1, -1, -0.6), 0.04, turn=45)
FOOT_AHEAD: Final = End((0.03, -0.42, -0.42), (0.1, -1, 1), 0.05)
STRAIGHT: Final = End((0.05, -0.03, -0.94), (0.1, -1, 0), 0.05)
DRAWN_UP: Final = End((0.03, -0.40, -0.33), (0.1, -1, 1), 0.1)

STANCES: Final[dict[str, Stance]] = {
    "chair": Stance(SIT, weight=3.0, pitch=(-20, 10), bow=(0, 30)),
    "chair, legs out": Stance(
        End((0.05, -0.66, -0.45), (0.1, -1, 1), 0.07), pitch=(-25, 5), bow=(5, 35)
    ),
    "chair, leg over leg": Stance(
        End((-0.22, -0.52, -0.24), (-0.3, -0.6, 1), 0.03, turn=20), SIT, pitch=(-20, 5)
    ),
    "chair, ankle on knee": Stance(
        End((-0.27, -0.36, -0.04), (1, -0.7, 0.4), 0.03), SIT, pitch=(-20, 5)
    ),
    "chair, legs apart": Stance(
        End((0.22, -0.42, -0.42), (0.5, -1, 1), 0.06), pitch=(-15, 25), bow=(0, 40)
    ),
    "floor, legs out": Stance(
        End((0.10, -0.84, 0.02), (0.1, 0, 1), 0.07), pitch=(-20, 10), arms=("behind on floor",)
    ),
    "floor, knees up": Stance(
        End((0.05, -0.50, -0.08), (0.1, 0, 1), 0.07), pitch=(-25, 0), bow=(5, 40)
    ),
    "floor, one knee up": Stance(
        End((0.05, -0.45, -0.06), (0.1, 0, 1), 0.06),
        End((0.10, -0.82, 0.0), (0.2, 0, 1), 0.06),
        pitch=(-25, 0),
    ),
    "cross-legged": Stance(
        End((-0.20, -0.30, -0.08), (1, -0.6, 0.15), 0.03, turn=30),
        End((-0.16, -0.38, -0.07), (1, -0.6, 0.15), 0.03, turn=30),
        weight=2.0,
        pitch=(-15, 5),
        bow=(5, 35),
    ),
    "squat": Stance(End((0.12, -0.08, -0.34), (0.6, -1, 0.3), 0.07), pitch=(5, 35), bow=(0, 45)),
    "half squat": Stance(
        End((0.12, -0.05, -0.62), (0.3, -1, 0.2), 0.06), pitch=(10, 45), bow=(-5, 30), weight=1.5
    ),
    "on both knees": Stance(KNEEL, pitch=(-8, 12)),
    "on heels": Stance(
        End((0.03, -0.02, -0.20), (0.25, -1, 0), 0.03, turn=50), pitch=(-5, 20), bow=(0, 30)
    ),
    "on one knee": Stance(KNEEL, FOOT_AHEAD, pitch=(-5, 20)),
    "lunge": Stance(
        End((0.02, 0.52, -0.55), (0, -1, -1), 0.07), End((0.03, -0.40, -0.52), (0, -1, 0.8), 0.07)
    ),
    "bent forward": Stance(
        End((0.05, -0.52, -0.70), (0.1, -1, 0.3), 0.06), pitch=(25, 50), bow=(15, 60), weight=1.5
    ),
    "touching toes": Stance(
        End((0.05, -0.80, -0.28), (0.1, -0.4, 1), 0.05),
        pitch=(60, 80),
        bow=(20, 60),
        arms=("straight ahead", "hanging"),
    ),
    "all fours": Stance(
        End((0.03, -0.46, -0.42), (0.1, -1, 0.2), 0.05, turn=45),
        pitch=(75, 95),
        arms=("supporting",),
        bow=(-15, 15),
    ),
    "push-up": Stance(STRAIGHT, pitch=(65, 88), bow=(-20, 5), arms=("supporting", "low support")),
    "on the back": Stance(STRAIGHT, pitch=(-97, -80), bow=(-5, 15), weight=1.5),
    "on the back, knees up": Stance(DRAWN_UP, pitch=(-100, -75), bow=(0, 25)),
    "face down": Stance(STRAIGHT, pitch=(80, 97), bow=(-30, 5)),
    "on the side": Stance(DRAWN_UP, STRAIGHT, pitch=(-15, 25), roll=(75, 105), bow=(0, 40)),
    "curled up on the side": Stance(DRAWN_UP, pitch=(-15, 15), roll=(75, 105), bow=(25, 60)),
    "reclining": Stance(
        End((0.05, -0.55, -0.50), (0.1, -1, 1), 0.1), pitch=(-65, -30), bow=(10, 40)
    ),
    "handstand": Stance(STRAIGHT, pitch=(165, 195), arms=("straight up",)),
    "leg up": Stance(
        End((0.10, -0.72, 0.30), (0.3, 0, 1), 0.15, turn=30), STRAIGHT, pitch=(-15, 10)
    ),
    "leg to the side": Stance(
        End((0.70, -0.15, -0.25), (0.3, -1, 0.5), 0.15, turn=30), STRAIGHT, roll=(-15, 5)
    ),
    "star jump": Stance(
        End((0.42, 0.0, -0.70), (0.2, -1, 0), 0.08, turn=30), arms=("straight up", "spread")
    ),
    "tucked jump": Stance(End((0.08, -0.10, -0.38), (0.3, -1, 0.2), 0.1, turn=25), pitch=(-10, 35)),
    "legs apart": Stance(End((0.25, -0.03, -0.83), (0.1, -1, 0), 0.06)),
    "legs crossed": Stance(
        End((-0.16, -0.06, -0.85), (0, -1, 0), 0.03),
        End((-0.05, 0.0, -0.87), (0, -1, 0), 0.03),
        weight=0.7,
    ),
}

GESTURES: Final[dict[str, Gesture]] = {
    "hanging": Gesture(End((0.26, -0.04, -0.03), (0.4, 1, 0), 0.04), weight=2.0),
    "on hips": Gesture(End((0.25, -0.05, 0.13), (1, 0.5, 0), 0.02, turn=-35), weight=1.5),
    "in pockets": Gesture(End((0.23, -0.05, 0.02), (0.5, 1, 0), 0.02), weight=1.5),
    "one on hip": Gesture(
        End((0.25, -0.05, 0.13), (1, 0.5, 0), 0.02, turn=-35),
        End((0.27, -0.04, -0.03), (0.4, 1, 0)),
    ),
    "behind head": Gesture(End((0.12, 0.07, 0.70), (1, -0.2, 0.3), 0.03, turn=-10)),
    "arms crossed": Gesture(
        End((-0.07, -0.22, 0.30), (0.7, 0.0, -1), 0.02, turn=-20),
        End((-0.05, -0.19, 0.34), (0.7, 0.0, -1), 0.02, turn=-20),
        weight=1.5,
    ),
    "clasped before": Gesture(End((0.06, -0.20, 0.03), (1, 0.6, 0), 0.02, turn=-20)),
    "clasped at chest": Gesture(End((0.07, -0.24, 0.30), (0.8, 0.3, -1), 0.03)),
    "clasped behind": Gesture(End((0.08, 0.16, 0.08), (1, 0.3, 0.2), 0.02, turn=-60)),
    "straight up": Gesture(End((0.22, -0.05, 1.12), (1, -0.5, 0), 0.07)),
    "one up": Gesture(
        End((0.22, -0.08, 1.02), (1, -0.5, 0), 0.12), End((0.28, -0.05, 0.0), (0.4, 1, 0))
    ),
    "spread": Gesture(End((0.70, -0.05, 0.47), (0, 1, -0.4), 0.12, turn=-30)),
    "straight ahead": Gesture(End((0.18, -0.52, 0.44), (0.6, 0, -1), 0.08)),
    "pointing": Gesture(
        End((0.25, -0.50, 0.50), (0.6, 0, -1), 0.1), End((0.27, -0.05, 0.0), (0.4, 1, 0))
    ),
    "at the face": Gesture(
        End((0.10, -0.18, 0.57), (0.5, 0, -1), 0.03, turn=40), End((0.27, -0.05, 0.0), (0.4, 1, 0))
    ),
    "telephone": Gesture(
        End((0.16, -0.10, 0.63), (0.6, -0.3, -1), 0.02, turn=10), End((0.2, -0.2, 0.2), (1, 0.4, 0))
    ),
    "holding before": Gesture(End((0.12, -0.33, 0.26), (0.6, 0.4, -1), 0.05, turn=20), weight=1.5),
    "camera": Gesture(End((0.09, -0.22, 0.64), (0.7, 0, -1), 0.02)),
    "drinking": Gesture(
        End((0.09, -0.22, 0.55), (0.8, 0, -0.6), 0.02), End((0.2, -0.25, 0.1), (0.8, 0.6, 0))
    ),
    "waving": Gesture(
        End((0.38, -0.12, 0.68), (0.6, 0, -1), 0.08, turn=-40), End((0.27, -0.05, 0.0), (0.4, 1, 0))
    ),
    "on lap": Gesture(End((0.15, -0.32, 0.02), (0.8, 0.6, 0), 0.05, turn=-30), weight=1.5),
    "carrying": Gesture(End((0.15, -0.30, 0.10), (0.6, 0.8, -0.5), 0.04, turn=50)),
    "throwing": Gesture(
        End((0.38, 0.15, 0.72), (0.8, 0, -0.2), 0.08), End((0.3, -0.4, 0.42), (0.6, 0, -1), 0.1)
    ),
    "behind on floor": Gesture(End((0.28, 0.30, 0.02), (0.4, 1, 0.3), 0.05, turn=-30)),
    "supporting": Gesture(End((0.22, -0.58, 0.44), (0.8, 0.2, -0.6), 0.04, turn=-40)),
    "low support": Gesture(End((0.30, -0.25, 0.35), (0.8, 1, 0.0), 0.04, turn=-40)),
    "elbows raised": Gesture(End((0.36, -0.12, 0.62), (1, 0, -0.5), 0.1)),
}
