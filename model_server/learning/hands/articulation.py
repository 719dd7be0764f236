# SPDX-License-Identifier: GPL-3.0-or-later
"""How a left hand bends: fifteen joints, each about up to three axes of its own, within limits.

A joint turns by `bend` (into the palm), then `spread` (towards the thumb), then `twist`, about the
axes of its bone in the reference pose. Joints have only those axes that anatomy gives them, so a
hand is 22 angles and every such hand is a possible one. Right hands are mirrored left hands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from model_server.bones import BodyBones, ReferenceBones
from model_server.hand_rig import hand_rig
from model_server.learning.body.body_model import ASSET
from model_server.learning.mocap import so3
from model_server.learning.mocap.so3 import Array

FINGERS: Final = ("thumb", "index", "middle", "ring", "pinky")
BONES: Final = tuple(f"finger{f}-{i}.L" for f in range(1, 6) for i in (1, 2, 3))
Range = tuple[float, float]
FIXED: Final[Range] = (0.0, 0.0)

# Degrees from the reference pose, in which fingers are bent a little already: bend, spread, twist.
_FINGER: Final[tuple[tuple[Range, Range, Range], ...]] = (
    ((-45, 80), (-22, 22), FIXED),
    ((-12, 105), FIXED, FIXED),
    ((-10, 80), FIXED, FIXED),
)
_THUMB: Final[tuple[tuple[Range, Range, Range], ...]] = (
    ((-30, 40), (-35, 40), (-30, 40)),
    ((-25, 60), (-12, 12), FIXED),
    ((-30, 85), FIXED, FIXED),
)
LIMITS: Final = np.radians(
    np.array([*_THUMB, *_FINGER, *_FINGER, *_FINGER, *_FINGER])
)  # (15, 3, 2)
FREE: Final = np.argwhere(LIMITS[..., 1] > LIMITS[..., 0])  # (22, 2) joint and axis of each angle
ANGLES: Final = len(FREE)
LOW, HIGH = (LIMITS[FREE[:, 0], FREE[:, 1], i] for i in (0, 1))  # (22,)
_BEND, _TWIST, _SPREAD = 0, 1, 2  # columns of a bone's axes: across, along, into the palm
AXIS_ORDER: Final = (_BEND, _SPREAD, _TWIST)
ADULT_PALM_M: Final = 0.0909  # of the body's average shape


@dataclass(frozen=True)
class ReferenceHand:
    """The left hand of the average adult in the reference pose; lengths in palms (see `palm_m`)."""

    frames: Array  # (15, 3, 3) columns: axes of bend, twist, spread of each bone, body frame
    points: Array  # (21, 3) HAND_LANDMARKS by the bones' ends, the wrist at the origin


@lru_cache(maxsize=1)
def reference_hand(asset: Path = ASSET) -> ReferenceHand:
    """From the body asset."""
    with np.load(asset, allow_pickle=False) as arrays:
        names = json.loads(str(arrays["meta"]))["bone_names"]
        frames = arrays["reference_rotations"].astype(np.float64)
    points = bone_ends(BodyBones(asset).reference({}))
    points -= points[0]
    return ReferenceHand(frames[[names.index(bone) for bone in BONES]], points / palm_m(points))


def bone_ends(bones: ReferenceBones) -> Array:
    """(21, 3) of a left hand in the reference pose: body frame, metres."""
    rig = hand_rig(bones, "left")
    # The asset's tails do not follow the shape, so tips are as long as the palm makes them.
    growth = palm_m(rig.palm - rig.palm[0]) / ADULT_PALM_M
    ends = [rig.palm[0]]
    for names, directions in zip(rig.fingers, rig.directions, strict=True):
        joints = [bones.head(name) for name in names]
        length = float(np.linalg.norm(bones.tail(names[2]) - joints[2]))
        ends += [*joints, joints[2] + growth * length * directions[2]]
    return np.array(ends)


def palm_m(points: Array) -> float:
    """Size of a hand whose wrist is at the origin: how far its fingers begin from the wrist.

    `points` (6, 3) are wrist and beginnings, or all 21.
    """
    knuckles = points[1:] if len(points) == 6 else points[1::4]
    return float(np.sqrt(np.square(knuckles).sum(-1).mean()))


def rotations_of(angles: Array) -> Array:
    """Angles (..., 22) in radians to rotations (..., 15, 3, 3) from the parent, body axes."""
    frames = reference_hand().frames
    by_axis = np.zeros((*angles.shape[:-1], len(BONES), 3))
    by_axis[..., FREE[:, 0], FREE[:, 1]] = angles
    turns = np.eye(3)
    for position, column in enumerate(AXIS_ORDER):
        turns = turns @ so3.about(frames[:, :, column], by_axis[..., position])
    return turns


def angles_of(rotations: Array) -> Array:
    """The inverse of `rotations_of`: (..., 15, 3, 3) to angles (..., 22), what is not free dropped.

    With bend about x, spread about z and twist about y of a bone, the product is
    Rx(bend) Rz(spread) Ry(twist), whose angles can be read off.
    """
    frames = reference_hand().frames
    local = so3.transposed(frames) @ rotations @ frames
    bend = np.arctan2(local[..., 2, 1], local[..., 1, 1])
    spread = -np.arcsin(np.clip(local[..., 0, 1], -1, 1))
    twist = np.arctan2(local[..., 0, 2], local[..., 0, 0])
    return np.stack([bend, spread, twist], -1)[..., FREE[:, 0], FREE[:, 1]]


def points_of(rotations: Array, reference: Array | None = None) -> Array:
    """The 21 points (..., 21, 3) of bent hands, from the wrist, in axes of the palm.

    `rotations` (..., 15, 3, 3); `reference` (21, 3) as in `ReferenceHand`, whose unit is kept.
    """
    rest = reference_hand().points if reference is None else reference
    points = np.broadcast_to(rest - rest[0], (*rotations.shape[:-3], 21, 3)).copy()
    for finger in range(len(FINGERS)):
        turn = np.eye(3)
        for bone in range(3):
            turn = turn @ rotations[..., 3 * finger + bone, :, :]
            here = 1 + 4 * finger + bone
            points[..., here + 1, :] = points[..., here, :] + turn @ (rest[here + 1] - rest[here])
    return points


def named(**degrees: tuple[float, ...]) -> Array:
    """Angles (22,) from degrees by finger, in the order of that finger's free angles."""
    angles = [degrees.get(finger, ()) for finger in FINGERS]
    counts = [int(((FREE[:, 0] // 3) == i).sum()) for i in range(len(FINGERS))]
    filled = [
        (*given, *([0.0] * (n - len(given)))) for given, n in zip(angles, counts, strict=True)
    ]
    return np.radians(np.concatenate(filled))
