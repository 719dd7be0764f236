# SPDX-License-Identifier: GPL-3.0-or-later
"""Closer looks at people: hands and faces posed by their own networks, and what these turns tell
the body's descent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.bones import Array
from model_server.camera import Camera
from model_server.face_session import FaceSession, SeenFace
from model_server.hand_poses import Hands, pose_hands
from model_server.hand_session import HandSession
from model_server.hands import Side
from model_server.landmarks import PersonLandmarks

_WRISTS: Final[tuple[Side, ...]] = ("left", "right")


@dataclass(frozen=True)
class Details:
    """Hands and face of a person."""

    hands: Hands = field(default_factory=Hands)
    face: SeenFace = field(default_factory=lambda: SeenFace({}))


@dataclass(frozen=True)
class Ends:
    """How head, left and right wrist are turned, as the descent wants to know it."""

    turns: FloatArray  # (3, 3, 3) cam_from_bone, away from the reference pose
    trust: FloatArray  # (3,) 0…1, 0 where nothing was seen


def look_closer(
    hands: HandSession, faces: FaceSession, people: Sequence[PersonLandmarks], camera: Camera
) -> list[Details]:
    """The details of each person."""
    return [
        Details(posed, SeenFace({}) if person.face is None else faces.run(person.face, camera))
        for person, posed in zip(people, pose_hands(hands, people, camera), strict=True)
    ]


def ends_of(person: PersonLandmarks, details: Details, head_turn: Array) -> Ends:
    """The ends of a person; `head_turn` (3, 3) takes the head from rest to the reference pose."""
    turns, trust = np.tile(np.eye(3, dtype=np.float32), (3, 1, 1)), np.zeros(3, np.float32)
    if details.face.cam_from_head is not None:
        turns[0], trust[0] = details.face.cam_from_head @ head_turn.T, details.face.clarity
    seen = {"left": person.left_hand, "right": person.right_hand}
    for place, side in enumerate(_WRISTS, start=1):
        landmarks, pose = seen[side], details.hands.get(side)
        if landmarks is not None and pose is not None:
            turns[place], trust[place] = pose.palm, landmarks.confidence
    return Ends(turns, trust)
