# SPDX-License-Identifier: GPL-3.0-or-later
"""A face that is seen turns the head: neck and head share what the body's pose lacks of it."""

from typing import Final

import numpy as np

from model_server.bones import Array, ReferenceBones
from model_server.fingers import angle_between, limited
from model_server.fusion import Rotations, chained

HEAD: Final = "head"
_NECK: Final = "neck01"
_CREDIBLE: Final = np.radians(70)  # a face farther from the body's idea of it is not believed
_NECK_REACH: Final = np.radians(50)
_HEAD_REACH: Final = np.radians(50)


def fuse_head(
    rotations: Rotations, cam_from_body: Array, cam_from_head: Array, bones: ReferenceBones
) -> Rotations:
    """`rotations` with the head turned as its face was seen.

    `cam_from_head` (3, 3) is from the axes of the head at rest.
    """
    ancestors = bones.ancestors(HEAD)
    below = chained(rotations, ancestors[: ancestors.index(_NECK)])
    neck = chained(rotations, ancestors)
    head = neck @ rotations.get(HEAD, np.eye(3))
    wanted = head_turn(cam_from_body, cam_from_head, bones)
    missing = wanted @ head.T
    angle = angle_between(head, wanted)
    if angle > _CREDIBLE:
        return rotations
    # Bones between the neck's first and the head do not turn.
    neck_turn = limited(below.T @ limited(missing, angle / 2) @ neck, _NECK_REACH)
    head_bone = limited((below @ neck_turn).T @ wanted, _HEAD_REACH)
    return rotations | {_NECK: neck_turn, HEAD: head_bone}


def head_turn(cam_from_body: Array, cam_from_head: Array, bones: ReferenceBones) -> Array:
    """How far the head (3, 3) is turned in the body, away from the reference pose."""
    return cam_from_body.T @ cam_from_head @ bones.turn(HEAD).T
