# SPDX-License-Identifier: GPL-3.0-or-later
"""The 21 points of every seen hand, and what was read in its picture, to rotations of fingers and
palm, by one call of the network.

The network knows left hands. A right hand in a mirrored picture is a left hand, and mirroring its
rotations brings them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.bones import Array
from model_server.camera import Camera
from model_server.hand_session import HandEvidence, HandSession
from model_server.hands import Side
from model_server.landmarks import DetailReading, HandLandmarks, PersonLandmarks

_FLIP: Final = np.array([-1.0, 1.0, 1.0], np.float32)
_MIRROR: Final = np.outer(_FLIP, _FLIP)  # times a rotation: the same seen in a mirror


@dataclass(frozen=True)
class HandPose:
    """One hand of a person, away from the reference pose."""

    fingers: Array  # (15, 3, 3) relative to the parent, from the palm outwards, thumb first
    palm: Array  # (3, 3) cam_from_palm


Hands = dict[Side, HandPose]


def pose_hands(
    session: HandSession, people: Sequence[PersonLandmarks], camera: Camera
) -> list[Hands]:
    """The hands of each person."""
    whose = [i for i, person in enumerate(people) for _ in hands_of(person)]
    seen = [hand for person in people for hand in hands_of(person)]
    found = [Hands() for _ in people]
    if not seen:
        return found
    posed = session.run(_evidence(seen, camera))
    answers = zip(whose, seen, posed.fingers, posed.palm, strict=True)
    for person, (side, _), fingers, palm in answers:
        mirror = _MIRROR if side == "right" else 1.0
        turns = (fingers * mirror).astype(np.float64), (palm * mirror).astype(np.float64)
        found[person][side] = HandPose(*turns)
    return found


def hands_of(person: PersonLandmarks) -> list[tuple[Side, HandLandmarks]]:
    """The hands that were found."""
    hands: dict[Side, HandLandmarks | None] = {"left": person.left_hand, "right": person.right_hand}
    return [(side, hand) for side, hand in hands.items() if hand is not None]


def _evidence(seen: Sequence[tuple[Side, HandLandmarks]], camera: Camera) -> HandEvidence:
    """Pixels around the principal point, so that mirroring is a change of sign."""
    flips = np.stack([_FLIP if side == "right" else np.ones(3, np.float32) for side, _ in seen])
    readings = [hand.reading or DetailReading.nothing(hand.landmarks_px) for _, hand in seen]

    def seen_left(px: FloatArray) -> FloatArray:
        return (px - np.array(camera.center_px)) * flips[:, None, :2]

    return HandEvidence(
        landmarks_px=seen_left(np.stack([hand.landmarks_px for _, hand in seen])),
        world=np.stack([hand.world_m for _, hand in seen]) * flips[:, None],
        confidence=np.array([hand.confidence for _, hand in seen], np.float32),
        focal_px=np.full(len(seen), camera.focal_px, np.float32),
        center_px=np.zeros((len(seen), 2), np.float32),
        features=np.stack([reading.features for reading in readings]),
        heat_px=seen_left(np.stack([reading.heat_px for reading in readings])),
        heat_trust=np.stack([reading.heat_trust for reading in readings]),
        present=np.array([[hand.reading is not None] for _, hand in seen], np.float32),
    )
