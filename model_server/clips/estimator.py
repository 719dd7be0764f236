# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip to posed people: frame by frame as they come, and then all frames together."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from model_server.camera import NO_FOCAL, Camera, GivenFocal, camera_of
from model_server.clips.perceiving import Eyes, Perceiver, Seen
from model_server.clips.posing import Networks, Poser
from model_server.clips.recording import Recording, Tracked
from model_server.clips.refining import Refiner
from model_server.clips.result import ClipResult
from model_server.clips.source import ClipSource, Problem


@dataclass(frozen=True)
class ClipOptions:
    max_people: int = 4
    focal: GivenFocal = NO_FOCAL
    hands: bool = True
    face: bool = True


@dataclass(frozen=True)
class PosedFrame:
    """The people of a frame, by what was seen until then."""

    number: int
    people: list[Tracked]


class ClipRun(Protocol):
    """One clip at work."""

    @property
    def camera(self) -> Camera: ...

    def frames(self) -> Iterator[PosedFrame | Problem]:
        """Everything in the order of the source; can be left at any time."""
        ...

    def result(self) -> ClipResult:
        """All frames that came so far, looked at together."""
        ...

    def close(self) -> None: ...


class EstimatedClip:
    """A clip estimated by the networks. What single frames tell lies on disk until the end."""

    def __init__(
        self,
        source: ClipSource,
        options: ClipOptions,
        eyes: Eyes,
        networks: Networks,
        folder: Path | None = None,
    ) -> None:
        info = source.info
        self._source = source
        self.camera = camera_of(info.width, info.height, info.exif_focal_px, options.focal)
        self._perceiver = Perceiver(
            eyes, options.max_people, hands=options.hands, face=options.face
        )
        self._poser = Poser(networks, self.camera, info.step)
        self._recording = Recording(networks.names, folder)
        self._refiner = Refiner(networks.physique, networks.names)

    def frames(self) -> Iterator[PosedFrame | Problem]:
        info = self._source.info
        before: tuple[Seen, Future[list[Tracked]]] | Problem | None = None
        # A frame is posed while people are followed into the next ones.
        with ThreadPoolExecutor(1, thread_name_prefix="pose") as thread:
            for seen in self._perceiver.perceive(self._source, info.fps * info.step):
                is_frame = isinstance(seen, Seen)
                now = (seen, thread.submit(self._poser.posed, seen)) if is_frame else seen
                if before is not None:
                    yield self._ended(before)
                before = now
            if before is not None:
                yield self._ended(before)

    def _ended(self, begun: tuple[Seen, Future[list[Tracked]]] | Problem) -> PosedFrame | Problem:
        if isinstance(begun, Problem):
            return begun
        frame, people = begun[0].frame, begun[1].result()
        for person in people:
            self._recording.add(frame.number, frame.place, person)
        return PosedFrame(frame.number, people)

    def result(self) -> ClipResult:
        bodies = {track: guess.likeliest for track, guess in self._poser.bodies.items()}
        tracks = self._recording.tracks()
        return self._refiner.refined(tracks, bodies, self._source.info, self.camera)

    def close(self) -> None:
        self._recording.close()
