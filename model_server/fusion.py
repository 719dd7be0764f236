# SPDX-License-Identifier: GPL-3.0-or-later
"""Body and hands to one pose: wrists turn as the hands were seen, fingers bend as they did."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from model_server.bones import Array, ReferenceBones
from model_server.hand_poses import Hands
from model_server.hand_rig import HandRig, hand_rig
from model_server.turns import angle_between, limited, split_wrist, turn_about

_WRIST_REACH: Final = np.radians(85)
_TWIST_REACH: Final = np.radians(150)  # of the forearm, what the body's pose has of it included
_CREDIBLE: Final = np.radians(100)  # a hand farther from the body's idea of it is not believed

Rotations = dict[str, Array]  # by bone, (3, 3) relative to the parent


def fuse_hands(
    rotations: Rotations, cam_from_body: Array, hands: Hands, bones: ReferenceBones
) -> Rotations:
    """`rotations` with the wrists and fingers of the hands that were seen."""
    fused = dict(rotations)
    for side, pose in hands.items():
        rig = hand_rig(bones, side)
        names = [bone for finger in rig.fingers for bone in finger]
        fused |= dict(zip(names, pose.fingers, strict=True))
        fused |= _arm_rotations(fused, cam_from_body, rig, pose.palm)
    return fused


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
