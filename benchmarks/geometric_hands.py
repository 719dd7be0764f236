# SPDX-License-Identifier: GPL-3.0-or-later
"""The 21 points of a hand to rotations of its fingers and palm, by geometry: a baseline.

The palm is laid onto the points as a rigid piece; what is left is how each finger bends away from
it. Fingers bend as hinges at their two outer joints and within their reach at the inner one, so
that noise across the hinge, where the detector is weakest, turns nothing.
"""

from typing import Final

import numpy as np

from model_server.bones import Array, nearest_rotations
from model_server.camera import Camera
from model_server.hand_rig import HandRig
from model_server.landmark_names import HAND_LANDMARKS, indices
from model_server.landmarks import HandLandmarks
from model_server.turns import turn_about, unit

_PALM_POINTS: Final = indices(
    HAND_LANDMARKS, ["wrist", "thumb_cmc", "index_mcp", "middle_mcp", "ring_mcp", "pinky_mcp"]
)
_PALM_WEIGHTS: Final = np.array([1.0, 0.3, 1.0, 1.0, 1.0, 1.0])  # the thumb's root moves a little
_FINGER_POINTS: Final = tuple(range(1 + 4 * i, 5 + 4 * i) for i in range(5))  # joints and tip
_SPREAD: Final = np.radians(22)  # sideways, at the knuckles
_KNUCKLE_BEND: Final = np.radians((-30, 95))
_OUTER_BENDS: Final = (np.radians((-5, 110)), np.radians((-10, 85)))
_THUMB_REACH: Final = np.radians((50, 60, 80))  # of its three bones, any way
_AHEAD: Final = np.array([0.0, 0.0, 1.0])


def hand_in_camera(hand: HandLandmarks, camera: Camera) -> Array:
    """(21, 3) with the camera's axes.

    The detector sees a crop and takes it for the middle of a picture, so its axes are those of a
    camera that looks straight at the hand.
    """
    middle = hand.landmarks_px.mean(axis=0, dtype=np.float64) - np.array(camera.center_px)
    ray = unit(np.array([*middle, camera.focal_px]))
    return hand.world_m.astype(np.float64) @ limited_swing(_AHEAD, ray, np.pi).T


def palm_turn(rig: HandRig, points_m: Array) -> Array:
    """The rotation (3, 3) that lays the reference palm onto the points (21, 3) of a hand."""
    seen = points_m[list(_PALM_POINTS)]
    weights = _PALM_WEIGHTS[:, None] / _PALM_WEIGHTS.sum()
    seen_around = seen - (seen * weights).sum(axis=0)
    rig_around = rig.palm - (rig.palm * weights).sum(axis=0)
    return nearest_rotations((seen_around * weights).T @ rig_around)


def finger_rotations(rig: HandRig, points_m: Array) -> dict[str, Array]:
    """By bone the rotation (3, 3) relative to its parent, for points (21, 3) in any frame."""
    in_hand = (points_m - points_m[0]) @ palm_turn(rig, points_m)
    rotations: dict[str, Array] = {}
    for finger, bones in enumerate(rig.fingers):
        seen = unit(np.diff(in_hand[list(_FINGER_POINTS[finger])], axis=0))
        bend = _thumb if finger == 0 else _finger
        turns = bend(rig.directions[finger], seen, _palm_normal(rig))
        rotations.update(zip(bones, turns, strict=True))
    return rotations


def _palm_normal(rig: HandRig) -> Array:
    """(3,) unit; positive turns about (along a finger) x (normal) bend fingers into the palm."""
    wrist, _, index, _, _, pinky = rig.palm
    normal = unit(np.cross(index - wrist, pinky - wrist))
    tips_curl_to = rig.directions[1:, 2].mean(axis=0) - rig.directions[1:, 0].mean(axis=0)
    return normal if normal @ tips_curl_to > 0 else -normal


def _finger(rest: Array, seen: Array, normal: Array) -> list[Array]:
    """Rotations of the three bones of a finger from unit directions (3, 3) at rest and as seen."""
    hinge = unit(np.cross(rest[0], normal))
    into_palm = np.cross(hinge, rest[0])
    bend = np.arctan2(seen[0] @ into_palm, seen[0] @ rest[0])
    spread = np.arcsin(np.clip(seen[0] @ hinge, -1, 1))
    across = turn_about(into_palm, float(np.clip(-spread, -_SPREAD, _SPREAD)))
    knuckle = turn_about(hinge, float(np.clip(bend, *_KNUCKLE_BEND))) @ across
    turns = [knuckle]
    for i, limits in enumerate(_OUTER_BENDS):
        angle = signed_angle(seen[i], seen[i + 1], knuckle @ hinge)
        angle -= signed_angle(rest[i], rest[i + 1], hinge)
        turns.append(turn_about(hinge, float(np.clip(angle, *limits))))
    return turns


def _thumb(rest: Array, seen: Array, normal: Array) -> list[Array]:
    """As `_finger`; a thumb's joints bend any way, but only so far."""
    del normal
    so_far, turns = np.eye(3), list[Array]()
    for i, reach in enumerate(_THUMB_REACH):
        turn = limited_swing(rest[i], so_far.T @ seen[i], reach)
        so_far = so_far @ turn
        turns.append(turn)
    return turns


def signed_angle(a: Array, b: Array, axis: Array) -> float:
    """From `a` to `b` (3,) about the unit `axis` (3,), -pi…pi; what lies along it is not seen."""
    return float(np.arctan2(np.cross(a, b) @ axis, a @ b - (a @ axis) * (b @ axis)))


def limited_swing(a: Array, b: Array, reach: float) -> Array:
    """The shortest rotation from unit `a` towards unit `b` (3,), by at most `reach`."""
    angle = float(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))
    return turn_about(unit(np.cross(a, b)), min(angle, reach))
