# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture and the hands and faces found in it to what their encoders read there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from model_server.arrays import FloatArray, ImageArray
from model_server.detail_crop import DETAIL_PX, face_square, hand_square
from model_server.hand_poses import hands_of
from model_server.hands import Side
from model_server.landmarks import DetailReading, FaceLandmarks, HandLandmarks, PersonLandmarks
from model_server.session import open_session
from model_server.squares import Square, cut_square, from_square, in_square, mirrored_square

_OUTPUTS: Final = ("features", "heat", "heat_trust")
_MIRROR: Final = np.array([-1.0, 1.0], np.float32)


@dataclass(frozen=True)
class _Asked:
    """What an encoder is to look at."""

    landmarks_px: FloatArray  # (L, 2)
    square: Square


class DetailReader:
    """The encoders of hands and of faces, exported. Safe to use from several threads."""

    def __init__(self, hands: Path, faces: Path, *, threads: int = 0) -> None:
        self._hands: Any = open_session(hands, threads, gpu=True)
        self._faces: Any = open_session(faces, threads, gpu=True)

    def read(self, image: ImageArray, people: Sequence[PersonLandmarks]) -> list[PersonLandmarks]:
        """People in `image` (H, W, 3) with what their hands and faces look like: all hands in one
        call, and all faces in one.
        """
        hands = {
            (i, side): _asked_of_hand(hand, side)
            for i, person in enumerate(people)
            for side, hand in hands_of(person)
        }
        faces = {
            i: _asked_of_face(person.face)
            for i, person in enumerate(people)
            if person.face is not None
        }
        of_hands = dict(zip(hands, _ask(self._hands, image, [*hands.values()]), strict=True))
        of_faces = dict(zip(faces, _ask(self._faces, image, [*faces.values()]), strict=True))
        return [
            replace(
                person,
                left_hand=_with(person.left_hand, of_hands.get((i, "left"))),
                right_hand=_with(person.right_hand, of_hands.get((i, "right"))),
                face=person.face and replace(person.face, reading=of_faces[i]),
            )
            for i, person in enumerate(people)
        ]


def _asked_of_hand(hand: HandLandmarks, side: Side) -> _Asked:
    """The encoder knows left hands; right ones are shown to it in a mirror."""
    px = hand.landmarks_px
    square = hand_square(px) if side == "left" else mirrored_square(hand_square(px * _MIRROR))
    return _Asked(px, square)


def _asked_of_face(face: FaceLandmarks) -> _Asked:
    return _Asked(face.landmarks_px, face_square(face.landmarks_px))


def _with(hand: HandLandmarks | None, reading: DetailReading | None) -> HandLandmarks | None:
    return hand and replace(hand, reading=reading)


def _ask(session: Any, image: ImageArray, asked: Sequence[_Asked]) -> list[DetailReading]:
    """What an encoder reads in squares of the picture, in pixels of the picture."""
    if not asked:
        return []
    places = [in_square(each.square, each.landmarks_px) for each in asked]
    feed = {
        "image": np.stack([cut_square(image, each.square, DETAIL_PX) for each in asked]),
        "landmarks": np.stack(places).astype(np.float32),
    }
    features, heat, trust = session.run(list(_OUTPUTS), feed)
    heat_px = [
        from_square(each.square, where).astype(np.float32)
        for each, where in zip(asked, heat, strict=True)
    ]
    return [DetailReading(*row) for row in zip(features, heat_px, trust, strict=True)]
