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

_CONFIDENCE: Final = 0.3  # low, since closer looks throw out what is no person


class Looker:
    """Owns as many threads as detectors, since mediapipe runs each network on one core."""

    def __init__(self, *, num_people: int, threads: int, with_masks: bool = False) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="look")
        self._idle: SimpleQueue[PoseDetector] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(
                PoseDetector(
                    num_people=num_people, with_masks=with_masks, min_confidence=_CONFIDENCE
                )
            )

    def look(self, image: ImageArray, crops: Sequence[Crop]) -> list[PoseLandmarks]:
        """Everyone in every crop of `image` (H, W, 3), in pixels of the image."""
        lists = self._threads.map(lambda crop: self._look_once(image, crop), crops)
        return [found for some in lists for found in some]

    def _look_once(self, image: ImageArray, crop: Crop) -> list[PoseLandmarks]:
        detector = self._idle.get()
        try:
            found = detector.detect(cut(image, crop))
        finally:
            self._idle.put(detector)
        height, width = image.shape[:2]
        return [in_picture(person, crop, (height, width)) for person in found]

    def close(self) -> None:
        self._threads.shutdown()
        while not self._idle.empty():
            self._idle.get().close()
