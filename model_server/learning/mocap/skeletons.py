# SPDX-License-Identifier: GPL-3.0-or-later
"""What the joints of each motion source are called."""

from dataclasses import dataclass, fields, replace
from typing import Final


@dataclass(frozen=True)
class Limbs:
    """Joint names of one side of the body; a bone's rotation is that of the joint at its start."""

    hip: str
    knee: str
    ankle: str
    toe: str
    clavicle: str
    shoulder: str
    elbow: str
    wrist: str
    hand_tip: str | None = None  # a joint towards the middle finger; none: the clip has no hands
    thumb_side: str | None = None  # from here ...
    little_side: str | None = None  # ... to here the palm runs across


@dataclass(frozen=True)
class Source:
    pelvis: str
    chest: str
    head: str
    left: Limbs
    swaps: tuple[tuple[str, str], ...]  # left spelling, right spelling
    metres: float  # per file unit
    z_up: bool = False  # else y is up and z is the front
    hands_biased: bool = False  # hands are turned by some constant of their own; taken out
    head_pitch: float = 0.0  # radians the rest head looks down; taken out

    @property
    def right(self) -> Limbs:
        names = {f.name: self.opposite(getattr(self.left, f.name)) for f in fields(Limbs)}
        return replace(self.left, **names)

    def opposite(self, name: str | None) -> str | None:
        if name is None:
            return None
        for left, right in self.swaps:
            if left in name:
                return name.replace(left, right)
        return name


CMU: Final = Source(
    pelvis="Hips",
    chest="Spine1",
    head="Head",
    left=Limbs(
        "LeftUpLeg",
        "LeftLeg",
        "LeftFoot",
        "LeftToeBase",
        "LeftShoulder",
        "LeftArm",
        "LeftForeArm",
        "LeftHand",
        hand_tip="LeftHandIndex1",
        thumb_side="LThumb.end",
        little_side="LeftHand",
    ),
    swaps=(("Left", "Right"), ("LThumb", "RThumb")),
    metres=0.056444,
    head_pitch=0.17,
)

CMU_HIP: Final = Source(
    pelvis="Hips",
    chest="Chest2",
    head="Head",
    left=Limbs(
        "LeftHip",
        "LeftKnee",
        "LeftAnkle",
        "LeftToe",
        "LeftCollar",
        "LeftShoulder",
        "LeftElbow",
        "LeftWrist",
        hand_tip="LFingers",
        thumb_side="LThumb.end",
        little_side="LeftWrist",
    ),
    swaps=(("Left", "Right"), ("LThumb", "RThumb"), ("LFingers", "RFingers")),
    hands_biased=True,
    metres=0.056444,
    head_pitch=0.17,
)

DAZ_SIDED: Final = (
    "Thigh",
    "Shin",
    "Foot",
    "Collar",
    "Shldr",
    "Fore",
    "Hand",
    "Mid",
    "Index",
    "Pinky",
)

DAZ: Final = Source(
    pelvis="hip",
    chest="chest",
    head="head",
    left=Limbs(
        "lThigh",
        "lShin",
        "lFoot",
        "lFoot.end",
        "lCollar",
        "lShldr",
        "lForeArm",
        "lHand",
        hand_tip="lMid1",
        thumb_side="lIndex1",
        little_side="lPinky1",
    ),
    swaps=tuple((f"l{part}", f"r{part}") for part in DAZ_SIDED),
    metres=0.01,
)

REACTIDLE: Final = Source(
    pelvis="pelvis",
    chest="spine.001",
    head="face",
    left=Limbs(
        "thigh.L",
        "shin.L",
        "foot.L",
        "foot.L.end",
        "shoulder.L",
        "upper_arm.L",
        "forearm.L",
        "forearm.L.end",
    ),
    swaps=((".L", ".R"),),
    metres=1.0,
    head_pitch=0.17,
)

MAKEHUMAN: Final = Source(
    pelvis="root",
    chest="spine01",
    head="head",
    left=Limbs(
        "upperleg01.L",
        "lowerleg01.L",
        "foot.L",
        "toe3-1.L",
        "shoulder01.L",
        "upperarm01.L",
        "lowerarm01.L",
        "wrist.L",
        hand_tip="finger3-1.L",
        thumb_side="finger2-1.L",
        little_side="finger5-1.L",
    ),
    swaps=((".L", ".R"),),
    metres=0.1,
    z_up=True,
)

MAKEHUMAN_OLD: Final = Source(
    pelvis="Hips",
    chest="Spine3",
    head="Head",
    left=Limbs(
        "UpLeg_L",
        "LoLeg_L",
        "Foot_L",
        "Toe_L",
        "Clavicle_L",
        "UpArm_L",
        "LoArm_L",
        "Hand_L",
        hand_tip="Middle1_L",
        thumb_side="Index1_L",
        little_side="Pinky1_L",
    ),
    swaps=(("_L", "_R"),),
    metres=0.1,
    z_up=True,
)

SOURCES: Final = (CMU, CMU_HIP, DAZ, REACTIDLE, MAKEHUMAN, MAKEHUMAN_OLD)


class UnknownSkeletonError(ValueError):
    """No known source has these joints."""


def recognise(names: tuple[str, ...]) -> Source:
    """The source whose joints are all among `names`."""
    for source in SOURCES:
        wanted = [source.pelvis, source.chest, source.head]
        wanted += [getattr(source.left, f.name) for f in fields(Limbs)]
        if all(name in names for name in wanted if name):
            return source
    raise UnknownSkeletonError(
        f"joints {names[:8]}... match none of the {len(SOURCES)} known skeletons"
    )
