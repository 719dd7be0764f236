# SPDX-License-Identifier: GPL-3.0-or-later
"""Body and hands to one pose: wrists turn as the hands were seen, fingers bend as they did."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from model_server.bones import Array, ReferenceBones
from model_server.camera import Camera
from model_server.fingers import (
    angle_between,
    finger_rotations,
    limited,
    limited_swing,
    palm_turn,
    split_wrist,
    turn_about,
)
from model_server.hand_poses import HandPose, Hands
from model_server.hand_rig import HandRig, hand_rig, unit
from model_server.hands import Side
from model_server.landmarks import HandLandmarks, PersonLandmarks

_WRIST_REACH: Final = np.radians(85)
_TWIST_REACH: Final = np.radians(150)  # of the forearm, what the body's pose has of it included
_CREDIBLE: Final = np.radians(100)  # a hand farther from the body's idea of it is not believed
_AHEAD: Final = np.array([0.0, 0.0, 1.0])

Rotations = dict[str, Array]  # by bone, (3, 3) relative to the parent


def fuse_hands(
    rotations: Rotations,
    cam_from_body: Array,
    seen: PersonLandmarks,
    camera: Camera,
    bones: ReferenceBones,
    learned: Hands | None = None,
) -> Rotations:
    """`rotations` with the wrists and fingers of the hands that were seen.

    How the network of hands poses them is `learned`; without it they are fitted by geometry.
    """
    fused = dict(rotations)
    hands: dict[Side, HandLandmarks | None] = {"left": seen.left_hand, "right": seen.right_hand}
    for side, hand in hands.items():
        if hand is not None:
            rig = hand_rig(bones, side)
            pose = (learned or {}).get(side) or _fitted(rig, hand_in_camera(hand, camera))
            names = [bone for finger in rig.fingers for bone in finger]
            fused |= dict(zip(names, pose.fingers, strict=True))
            fused |= _arm_rotations(fused, cam_from_body, rig, pose.palm)
    return fused


def _fitted(rig: HandRig, points_m: Array) -> HandPose:
    """The hand that lies on points (21, 3)."""
    fingers = np.array(list(finger_rotations(rig, points_m).values()))
    return HandPose(fingers, palm_turn(rig, points_m))


def hand_in_camera(hand: HandLandmarks, camera: Camera) -> Array:
    """(21, 3) with the camera's axes.

    The detector sees a crop and takes it for the middle of a picture, so its axes are those of a
    camera that looks straight at the hand.
    """
    middle = hand.landmarks_px.mean(axis=0, dtype=np.float64) - np.array(camera.center_px)
    ray = unit(np.array([*middle, camera.focal_px]))
    return hand.world_m.astype(np.float64) @ limited_swing(_AHEAD, ray, np.pi).T


def _arm_rotations(
    rotations: Rotations, cam_from_body: Array, rig: HandRig, cam_from_palm: Array
) -> Rotations:
    """Forearm and wrist that turn the palm as seen, or nothing where that is not credible."""
    forearm = chained(rotations, rig.ancestors)
    wrist = forearm.T @ cam_from_body.T @ cam_from_palm
    if angle_between(wrist, rotations.get(rig.wrist, np.eye(3))) > _CREDIBLE:
        return {}
    twist, bend = split_wrist(wrist, rig.forearm_axis, _WRIST_REACH)
    twisted = rotations.get(rig.forearm, np.eye(3)) @ turn_about(rig.forearm_axis, twist)
    return {rig.forearm: limited(twisted, _TWIST_REACH), rig.wrist: bend}


def chained(rotations: Rotations, bones: Sequence[str]) -> Array:
    """The rotation (3, 3) of the last of `bones` in the body, for a chain from the root."""
    turn = np.eye(3)
    for bone in bones:
        turn = turn @ rotations.get(bone, np.eye(3))
    return turn
