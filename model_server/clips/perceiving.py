# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames to all that is seen of people in them. While people are followed into the next frames,
their hands, faces and pictures in the last ones are still being looked at.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Protocol

from model_server.arrays import ImageArray
from model_server.clips.source import Frame, Problem
from model_server.clips.watching import Sight, Watcher
from model_server.face import FaceDetector
from model_server.hands import HandDetector, Side, with_confirmed_hands, with_refined_wrists
from model_server.landmarks import FaceLandmarks, HandLandmarks, PersonLandmarks
from model_server.looking import Looker
from model_server.own_detector import OwnDetector
from model_server.people import PeopleFinder
from model_server.whole_body import affirmed

_AHEAD: Final = 2  # frames that people are followed into before the first one's details are asked
_KEEN: Final = 5  # frames in a row in which a hand that is not seen is looked for
_EVERY: Final = 4  # frames between looks after that
_GHOST: Final = 5  # frames in a row in which the image encoder sees nobody there


class MaskedReader(Protocol):
    """What is needed of the image encoder."""

    def read(
        self, image: ImageArray, people: Sequence[PersonLandmarks]
    ) -> list[PersonLandmarks]: ...


@dataclass(frozen=True)
class Seen:
    """Everybody in a frame, by track, in pixels of the original."""

    frame: Frame
    people: dict[int, PersonLandmarks]


class Eyes:
    """The detectors that clips use beside those of photos. For one clip at a time."""

    def __init__(
        self,
        finder: PeopleFinder,
        reader: MaskedReader,
        *,
        threads: int,
        own_detector: OwnDetector | None = None,
    ) -> None:
        self.finder, self._reader, self._own_detector = finder, reader, own_detector
        self.looker = Looker(num_people=2, threads=threads, with_masks=True)
        self._hands: dict[Side, HandDetector] = {"left": HandDetector(), "right": HandDetector()}
        self._face = FaceDetector()
        # A thread for each, since no detector may be used by two.
        self._threads = {
            part: ThreadPoolExecutor(1, thread_name_prefix=part)
            for part in ("left", "right", "face", "read")
        }

    def seen_by_own(self, image: ImageArray, sights: Sequence[Sight]) -> list[Sight]:
        """The same people by the detector that somebody brings, if any."""
        if self._own_detector is None:
            return list(sights)
        people = self._own_detector.see(image, [sight.person for sight in sights])
        return [replace(sight, person=p) for sight, p in zip(sights, people, strict=True)]

    def hands(
        self, image: ImageArray, side: Side, sights: Sequence[Sight]
    ) -> Future[dict[int, HandLandmarks | None]]:
        """The hands of some people, by track."""
        detect = self._hands[side].detect
        return self._threads[side].submit(
            lambda: {s.track: detect(image, s.person.pose, side) for s in sights}
        )

    def faces(
        self, image: ImageArray, sights: Sequence[Sight]
    ) -> Future[dict[int, FaceLandmarks | None]]:
        detect = self._face.detect
        return self._threads["face"].submit(
            lambda: {s.track: detect(image, s.person.pose) for s in sights}
        )

    def read(
        self, image: ImageArray, sights: Sequence[Sight], looked: "_Looked"
    ) -> Future[dict[int, PersonLandmarks | None]]:
        """People with what closer looks and the image encoder see of them; nobody where it sees
        nobody.
        """
        return self._threads["read"].submit(
            lambda: {s.track: self._read(image, s, looked) for s in sights}
        )

    def _read(self, image: ImageArray, sight: Sight, looked: "_Looked") -> PersonLandmarks | None:
        seen = replace(
            sight.person,
            left_hand=looked.left.result().get(sight.track),
            right_hand=looked.right.result().get(sight.track),
            face=looked.faces.result().get(sight.track),
        )
        person = with_refined_wrists(with_confirmed_hands(seen, (image.shape[0], image.shape[1])))
        read = self._reader.read(image, [person])
        return affirmed(read[0]) if read else None

    def close(self) -> None:
        for thread in self._threads.values():
            thread.shutdown(cancel_futures=True)
        for part in (self.looker, *self._hands.values(), self._face):
            part.close()


@dataclass(frozen=True)
class _Looked:
    """What closer looks at a frame will tell."""

    left: Future[dict[int, HandLandmarks | None]]
    right: Future[dict[int, HandLandmarks | None]]
    faces: Future[dict[int, FaceLandmarks | None]]


class Perceiver:
    """Perceives the people of one clip."""

    def __init__(self, eyes: Eyes, max_people: int, *, hands: bool, face: bool) -> None:
        self._eyes = eyes
        self._watcher = Watcher(eyes.finder, eyes.looker, max_people)
        self._wants_hands, self._wants_face = hands, face
        self._unseen: dict[tuple[int, Side], int] = {}  # frames since a hand was seen
        self._ghosts: dict[int, int] = {}  # frames in a row

    def perceive(self, frames: Iterable[Frame | Problem], rate: float) -> Iterator[Seen | Problem]:
        """What is seen in each frame, in their order; `rate` numbers make a second."""
        pending: deque[tuple[Frame, Future[dict[int, PersonLandmarks | None]]] | Problem] = deque()
        for frame in frames:
            pending.append(frame if isinstance(frame, Problem) else self._begun(frame, rate))
            if len(pending) > _AHEAD:
                yield self._ended(pending.popleft())
        while pending:
            yield self._ended(pending.popleft())

    def _begun(
        self, frame: Frame, rate: float
    ) -> tuple[Frame, Future[dict[int, PersonLandmarks | None]]]:
        eyes, image = self._eyes, frame.pixels
        sights = eyes.seen_by_own(image, self._watcher.watch(image, frame.place / rate))
        looked = _Looked(
            eyes.hands(image, "left", self._with_hand(sights, "left", frame)),
            eyes.hands(image, "right", self._with_hand(sights, "right", frame)),
            eyes.faces(image, sights if self._wants_face else ()),
        )
        return frame, eyes.read(image, sights, looked)

    def _with_hand(self, sights: Sequence[Sight], side: Side, frame: Frame) -> list[Sight]:
        """Whose hand it is worth looking for: long unseen ones are only now and then."""
        if not self._wants_hands:
            return []
        unseen = {s.track: self._unseen.get((s.track, side), 0) for s in sights}
        due = frame.number % _EVERY == 0
        return [s for s in sights if due or unseen[s.track] < _KEEN]

    def _ended(
        self, begun: tuple[Frame, Future[dict[int, PersonLandmarks | None]]] | Problem
    ) -> Seen | Problem:
        if isinstance(begun, Problem):
            return begun
        frame, people = begun[0], begun[1].result()
        there = {track: person for track, person in people.items() if person is not None}
        for track in people:
            self._note(track, there.get(track))
        return Seen(frame, {track: p.scaled(frame.scale) for track, p in there.items()})

    def _note(self, track: int, person: PersonLandmarks | None) -> None:
        self._ghosts[track] = 0 if person is not None else self._ghosts.get(track, 0) + 1
        if self._ghosts[track] >= _GHOST:
            self._watcher.forget(track)
        if person is not None:
            hands: dict[Side, HandLandmarks | None] = {
                "left": person.left_hand,
                "right": person.right_hand,
            }
            for side, hand in hands.items():
                unseen = self._unseen.get((track, side), 0)
                self._unseen[track, side] = 0 if hand is not None else unseen + 1
