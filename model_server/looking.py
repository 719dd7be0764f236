# SPDX-License-Identifier: GPL-3.0-or-later
"""Crops of a picture to landmarks in the picture, by several detectors at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final

from model_server.arrays import ImageArray
from model_server.crops import Crop, cut
from model_server.hypotheses import in_picture
from model_server.landmarks import PoseDetector, PoseLandmarks
from model_server.square_detector import SquareDetector

_CONFIDENCE: Final = 0.3  # low, since closer looks throw out what is no person


class Looker:
    """Owns as many threads as detectors of a kind: mediapipe runs each network on one core."""

    def __init__(self, *, num_people: int, threads: int, with_masks: bool = False) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._idle: SimpleQueue[PoseDetector] = SimpleQueue()
        self._squares: SimpleQueue[SquareDetector] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(
                PoseDetector(
                    num_people=num_people, with_masks=with_masks, min_confidence=_CONFIDENCE
                )
            )

    def look(self, image: ImageArray, crops: Sequence[Crop]) -> list[PoseLandmarks]:
        """Everyone in every crop of `image` (H, W, 3), in pixels of the image."""
        found = zip(crops, self.in_crops(image, crops), strict=True)
        return [in_picture(one, crop) for crop, some in found for one in some]

    def in_crops(self, image: ImageArray, crops: Sequence[Crop]) -> list[list[PoseLandmarks]]:
        """Everyone in each crop, in pixels of the crop."""
        return list(self._threads.map(lambda crop: self._look_once(image, crop), crops))

    def _look_once(self, image: ImageArray, crop: Crop) -> list[PoseLandmarks]:
        detector = self._idle.get()
        try:
            return detector.detect(cut(image, crop))
        finally:
            self._idle.put(detector)

    def squares(self, image: ImageArray, crops: Sequence[Crop]) -> list[list[PoseLandmarks]]:
        """Whoever fills each crop, in pixels of the crop."""
        return list(self._threads.map(lambda crop: self._square(image, crop), crops))

    def _square(self, image: ImageArray, crop: Crop) -> list[PoseLandmarks]:
        detector = SquareDetector() if self._squares.empty() else self._squares.get()
        try:
            return detector.detect(cut(image, crop))
        finally:
            self._squares.put(detector)

    def close(self) -> None:
        self._threads.shutdown()
        for idle in (self._idle, self._squares):
            while not idle.empty():
                idle.get().close()
