# SPDX-License-Identifier: GPL-3.0-or-later
"""A face that is seen turns the head: neck and head share what the body's pose lacks of it."""

from typing import Final

import numpy as np

from model_server.bones import Array, ReferenceBones
from model_server.face_session import SeenFace
from model_server.fusion import Rotations, chained
from model_server.turns import angle_between, limited

HEAD: Final = "head"
_NECK: Final = "neck01"
TURNED_BY_FACE: Final = (_NECK, HEAD)
_CREDIBLE: Final = np.radians(50)  # a face farther from the body's idea of it is not believed
_NECK_SHARE: Final = 0.25  # a neck that turned more would carry the head away from its place
_NECK_REACH: Final = np.radians(50)
_HEAD_REACH: Final = np.radians(50)


def fuse_head(
    rotations: Rotations, cam_from_body: Array, face: SeenFace, bones: ReferenceBones
) -> Rotations:
    """`rotations` with the head turned as its face was seen, as far as that was clear."""
    if face.cam_from_head is None:
        return rotations
    ancestors = bones.ancestors(HEAD)
    below = chained(rotations, ancestors[: ancestors.index(_NECK)])
    neck = chained(rotations, ancestors)
    head = neck @ rotations.get(HEAD, np.eye(3))
    seen = cam_from_body.T @ face.cam_from_head @ bones.turn(HEAD).T
    angle = angle_between(head, seen)
    if angle > _CREDIBLE:
        return rotations
    angle *= face.clarity
    missing = limited(seen @ head.T, angle)
    # Bones between the neck's first and the head do not turn.
    neck_turn = limited(below.T @ limited(missing, angle * _NECK_SHARE) @ neck, _NECK_REACH)
    head_bone = limited((below @ neck_turn).T @ missing @ head, _HEAD_REACH)
    return rotations | {_NECK: neck_turn, HEAD: head_bone}


def carried_by_head(
    points: Array, before: Rotations, after: Rotations, bones: ReferenceBones
) -> Array:
    """Points (N, 3) of the face, body axes relative to the root's head, after the head has moved.

    Bones below the neck must be the same in both poses.
    """
    old_place, old_turn = _placed_head(before, bones)
    new_place, new_turn = _placed_head(after, bones)
    return (points - old_place) @ old_turn @ new_turn.T + new_place


def _placed_head(rotations: Rotations, bones: ReferenceBones) -> tuple[Array, Array]:
    """Where the head's joint is, relative to the root's, and how it is turned (3, 3)."""
    chain = [*bones.ancestors(HEAD), HEAD]
    place, turn, last = np.zeros(3), np.eye(3), bones.heads[0]
    for bone in chain:
        place = place + turn @ (bones.head(bone) - last)
        turn, last = turn @ rotations.get(bone, np.eye(3)), bones.head(bone)
    return place, turn
