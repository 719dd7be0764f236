# SPDX-License-Identifier: GPL-3.0-or-later
"""People in a picture to their hands and faces, several at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from model_server.arrays import ImageArray
from model_server.face import FaceDetector
from model_server.hands import HandDetector, Side, with_confirmed_hands, with_refined_wrists
from model_server.landmarks import FaceLandmarks, HandLandmarks, PersonLandmarks
from model_server.lending import Lender


class DetailFinder:
    """Owns as many threads as hand detectors, since mediapipe runs each network on one core."""

    def __init__(self, *, threads: int = 2) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="detail")
        self._hands = Lender(HandDetector, threads)
        self._faces = Lender(FaceDetector, 1)

    def find(self, image: ImageArray, people: Sequence[PersonLandmarks]) -> list[PersonLandmarks]:
        """People in `image` (H, W, 3) with the hands and the face that belong to them."""
        seen = [
            (
                self._threads.submit(self._hand, image, person, "left"),
                self._threads.submit(self._hand, image, person, "right"),
                self._threads.submit(self._face, image, person),
            )
            for person in people
        ]
        return [
            _detailed(image, person, left.result(), right.result(), face.result())
            for person, (left, right, face) in zip(people, seen, strict=True)
        ]

    def _hand(self, image: ImageArray, person: PersonLandmarks, side: Side) -> HandLandmarks | None:
        with self._hands.lent() as detector:
            return detector.detect(image, person.pose, side)

    def _face(self, image: ImageArray, person: PersonLandmarks) -> FaceLandmarks | None:
        with self._faces.lent() as detector:
            return detector.detect(image, person.pose)

    def close(self) -> None:
        self._threads.shutdown()
        self._hands.close()
        self._faces.close()


def _detailed(
    image: ImageArray,
    person: PersonLandmarks,
    left: HandLandmarks | None,
    right: HandLandmarks | None,
    face: FaceLandmarks | None,
) -> PersonLandmarks:
    seen = replace(person, left_hand=left, right_hand=right, face=face)
    height, width = image.shape[:2]
    return with_refined_wrists(with_confirmed_hands(seen, (height, width)))
