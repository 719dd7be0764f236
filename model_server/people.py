# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture to people: a wide pass finds them, then closer looks at each until the looks agree."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final

import numpy as np

from model_server.arrays import ImageArray
from model_server.crops import Box, Crop, cut, overlap, quarters_to_upright, square_crop
from model_server.hypotheses import (
    agreement,
    distinct,
    in_picture,
    peers,
    person_box,
    same_person,
    up_px,
    vote,
)
from model_server.landmarks import PersonLandmarks, PoseDetector, PoseLandmarks

_CONFIDENCE: Final = 0.3  # low, since closer looks throw out what is no person
_WIDE_SIZE: Final = 640
_CLOSE_SIZE: Final = 384
_CLOSE_MARGINS: Final = (1.6, 1.25)  # of the box; the first is the first look
_FILLS_PICTURE: Final = (
    0.55  # of its longer side: such a person is the subject, nobody else is searched for
)
_SURE: Final = 0.8  # upright and mirrored look agree by this: no more looks are needed
_SURE_VISIBILITY: Final = 0.6
_SAME_BOX: Final = 0.3
_SPARE: Final = 3  # seeds that may turn out to be nobody
_MIN_PEERS: Final = 3  # of the looks at one person, itself included
_MAX_HYPOTHESES: Final = 4
_MIN_SUPPORT: Final = 0.12
_MIN_PIXELS: Final = 32  # of the longer side; the detector only guesses at smaller people


class PeopleFinder:
    """Owns some detectors and as many threads. One `find` at a time."""

    def __init__(self, *, threads: int = 2, with_masks: bool = False) -> None:
        self._idle: SimpleQueue[PoseDetector] = SimpleQueue()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pose")
        for _ in range(threads):
            self._idle.put(_detector(with_masks=with_masks))

    def find(self, image: ImageArray, *, max_people: int = 8) -> list[PersonLandmarks]:
        """People in `image` (H, W, 3), largest first."""
        seeds = distinct_people(self._wide(image))[: max_people + _SPARE]
        people = [self._closer(image, seed) for seed in seeds]
        return _without_twins([person for person in people if person is not None])[:max_people]

    def _wide(self, image: ImageArray) -> list[PoseLandmarks]:
        height, width = image.shape[:2]
        whole = square_crop(Box(0, 0, width, height), _WIDE_SIZE)
        found = self._look(image, [whole, whole.turned(0, mirrored=True)])
        if found and _fills(found, max(height, width)):
            return found
        found += self._look(image, tiles(width, height))
        return found or self._look(image, all_ways(whole)[2:])

    def _look(self, image: ImageArray, crops: Sequence[Crop]) -> list[PoseLandmarks]:
        """Everyone in every crop, in pixels of the picture."""
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

    def _closer(self, image: ImageArray, seed: PoseLandmarks) -> PersonLandmarks | None:
        """The person of `seed` seen from near, or nothing if nearer looks do not confirm it."""
        box = person_box(seed)
        upright = quarters_to_upright(up_px(seed))
        looks = [seed, *self._first_looks(image, box, upright)]
        if len(looks) == 1 or max(box.width, box.height) < _MIN_PIXELS:
            return None
        if not _sure(looks):
            looks += self._more_looks(image, box, upright)
        return _confirmed(vote(looks))

    def _first_looks(self, image: ImageArray, box: Box, upright: int) -> list[PoseLandmarks]:
        crop = square_crop(box.grown(_CLOSE_MARGINS[0]), _CLOSE_SIZE)
        return _of_box(self._look(image, all_ways(crop, upright)[:2]), box)

    def _more_looks(self, image: ImageArray, box: Box, upright: int) -> list[PoseLandmarks]:
        near, nearer = (square_crop(box.grown(by), _CLOSE_SIZE) for by in _CLOSE_MARGINS)
        crops = all_ways(near, upright)[2:] + all_ways(nearer, upright)
        return _of_box(self._look(image, crops), box)

    def close(self) -> None:
        self._threads.shutdown()
        while not self._idle.empty():
            self._idle.get().close()


def _detector(*, with_masks: bool) -> PoseDetector:
    return PoseDetector(num_people=6, with_masks=with_masks, min_confidence=_CONFIDENCE)


def all_ways(crop: Crop, first_quarter: int = 0) -> list[Crop]:
    """Eight ways to look at a crop: `first_quarter` first, each quarter plain and mirrored."""
    quarters = [(first_quarter + more) % 4 for more in range(4)]
    return [crop.turned(quarter, mirrored=m) for quarter in quarters for m in (False, True)]


def tiles(width: int, height: int) -> list[Crop]:
    """Overlapping squares that cover a picture, for people too small for the wide pass."""
    side = 0.5 * max(width, height)
    lefts, tops = _starts(width, side), _starts(height, side)
    return [square_crop(Box(x, y, side, side), 448) for y in tops for x in lefts]


def _starts(length: float, side: float) -> list[float]:
    if length <= side:
        return [(length - side) / 2]
    return [float(start) for start in np.linspace(0, length - side, 3)]


def _fills(found: Sequence[PoseLandmarks], longer_side: float) -> bool:
    boxes = [person_box(person) for person in found]
    return max(max(box.width, box.height) for box in boxes) > _FILLS_PICTURE * longer_side


def _sure(looks: Sequence[PoseLandmarks]) -> bool:
    if len(looks) < 3:
        return False
    seed, upright, mirrored = looks[:3]
    alike = min(agreement(upright, mirrored), agreement(seed, upright))
    return alike > _SURE and float(upright.visibility.mean()) > _SURE_VISIBILITY


def _confirmed(person: PersonLandmarks) -> PersonLandmarks | None:
    agreed = peers(person.pose, person.hypotheses) >= _MIN_PEERS
    if not agreed or person.confidence < _MIN_SUPPORT:
        return None
    return distinct(person, _MAX_HYPOTHESES)


def _of_box(found: Sequence[PoseLandmarks], box: Box) -> list[PoseLandmarks]:
    return [person for person in found if overlap(person_box(person), box) > _SAME_BOX]


def distinct_people(found: Sequence[PoseLandmarks]) -> list[PoseLandmarks]:
    """One find per person, the most visible one; surest people first."""
    kept: list[PoseLandmarks] = []
    for person in sorted(found, key=lambda p: -float(p.visibility.mean())):
        if not any(same_person(person, other) for other in kept):
            kept.append(person)
    return kept


def _without_twins(people: Sequence[PersonLandmarks]) -> list[PersonLandmarks]:
    kept: list[PersonLandmarks] = []
    for person in sorted(people, key=lambda p: -p.confidence):
        if not any(same_person(person.pose, other.pose) for other in kept):
            kept.append(person)
    return sorted(kept, key=lambda person: -person_box(person.pose).area)
