# SPDX-License-Identifier: GPL-3.0-or-later
"""One clip through the server: sent by one thread, heard by another, with all that may go wrong.

Connections that break are taken up again where they ended. When the server is gone, or somebody
cancels, what was heard so far is the result.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..body import Body
from ..errors import (
    BusyError,
    CancelledError,
    HundError,
    PhotoError,
    ServerError,
    ServerLostError,
)
from ..progress import Problem, problem_of
from ..threads import Worker, sleep, wait
from .client import ClipClient, ClipRequest, Event
from .data import Clip
from .recording import FrameOfPeople, Opened, Recording, parse_opened
from .sources import Source

log = logging.getLogger(__name__)

RECONNECTIONS: Final = 3  # without news in between
PATIENCE_S: Final = 0.2  # before the server is asked again
CANCEL_S: Final = 0.9  # in which a server has to end a clip; else we end without it
LOST: Final = Problem(
    "",
    "The model server stopped in the middle of the clip.",
    "What was done is kept. Select who moves and press Resume, under Motion.",
)


@dataclass(frozen=True)
class Listeners:
    """Who hears of a clip as it comes; called in the thread that receives."""

    opened: Callable[[Opened], None]
    frame: Callable[[FrameOfPeople], None]
    problem: Callable[[Problem], None]


class Receiving:
    """`run` blocks until the clip is there; `cancel` may come from another thread."""

    def __init__(
        self, client: ClipClient, body: Body, source: Source, request: ClipRequest
    ) -> None:
        self.recording: Recording | None = None
        self.is_finished = False  # whether the server went through all of the clip
        self._client, self._body = client, body
        self._source, self._request = source, request
        self._sender = ClipClient(client.address)
        self._sending_failed: HundError | None = None
        self._gone: dict[int, str] = {}  # images that could not be read, and why
        self._cancelled = threading.Event()
        self._clip = ""
        self._last_event = 0
        self._refined = False

    def run(self, listeners: Listeners) -> Clip | None:
        """The clip's result, or what there is of it; None where no frame came."""
        frames = wanted_frames(self._source, self._request)
        self._clip = self._client.open(self._request, frames)
        Worker(lambda: self._send(listeners), "hund-clip-sender").start()
        try:
            for event in self._events():
                self._hear(event, listeners)
        except HundError as error:
            self._explain(error, listeners)
        return self._result(listeners)

    def cancel(self) -> None:
        """End soon, with what was done so far; at once where the server does not listen."""
        self._cancelled.set()
        Worker(self._tell_to_stop, "hund-clip-end").start()

    def _tell_to_stop(self) -> None:
        deadline = time.monotonic() + CANCEL_S
        self._sender.abort()
        try:
            if self._clip:
                ClipClient(self._client.address).cancel(self._clip)
        except HundError as error:
            log.info("the clip could not be cancelled: %s", error)
        sleep(deadline - time.monotonic())
        if not self._refined:
            self._client.abort()

    def _events(self) -> Iterator[Event]:
        """All events up to the last, over as many connections as it takes."""
        tries = 0
        while True:
            try:
                for event in self._client.events(self._clip, self._last_event):
                    tries, self._last_event = 0, event.number
                    yield event
                    if event.kind == "done":
                        return
            except ServerLostError:
                if tries >= RECONNECTIONS:
                    raise
            tries += 1
            if tries > RECONNECTIONS:
                raise ServerLostError(LOST.message, LOST.remedy)
            sleep(PATIENCE_S)
            self._check_that_it_lives()

    def _check_that_it_lives(self) -> None:
        try:
            self._client.health()
        except ServerError as error:
            raise ServerLostError(error.message, error.remedy) from error

    def _hear(self, event: Event, listeners: Listeners) -> None:
        match event.kind:
            case "opened":
                opened = parse_opened(event.data)
                self.recording = Recording(self._body, opened, self._source.path.name)
                listeners.opened(opened)
            case "frame" if self.recording is not None:
                listeners.frame(self.recording.add(event.data))
            case "problem":
                listeners.problem(self._problem(event))
            case "refined":
                self._refined = True
            case "done":
                self.is_finished = self._refined and not event.data.get("cancelled", False)

    def _problem(self, event: Event) -> Problem:
        frame = event.data.get("frame")
        where = "" if frame is None else f"Frame {frame}"
        if frame in self._gone:  # the server only knows that there was nothing in it
            return Problem(where, self._gone[frame], "Put the image back and import it again.")
        message = str(event.data.get("message", "Something went wrong."))
        return Problem(where, message, str(event.data.get("remedy", "")))

    def _explain(self, error: HundError, listeners: Listeners) -> None:
        """Why the events ended early, if nobody wanted it; an error where nothing came."""
        if self._cancelled.is_set():
            return
        reason = self._sending_failed or error
        if self.recording is None or not self.recording.count:
            raise reason from error
        listeners.problem(LOST if isinstance(reason, ServerLostError) else problem_of(reason))

    def _result(self, listeners: Listeners) -> Clip | None:
        recording = self.recording
        if self._refined:
            try:
                clip = self._client.result(self._clip)
                self._client.cancel(self._clip)  # it is not needed there any more
                return clip
            except HundError as error:
                listeners.problem(problem_of(error))
        return recording.clip() if recording is not None and recording.count else None

    # The rest runs in the thread that sends.

    def _send(self, listeners: Listeners) -> None:
        try:
            if self._source.movie is not None:
                self._sender.send_movie(self._clip, self._source.movie)
            else:
                self._send_images(listeners)
        except CancelledError:
            return
        except HundError as error:
            self._sending_failed = error
            self._client.abort()

    def _send_images(self, listeners: Listeners) -> None:
        assert self._source.images is not None
        for number in wanted_frames(self._source, self._request) or ():
            try:
                self._send_image(number, self._read(number, self._source.images[number]))
            except PhotoError as error:
                listeners.problem(problem_of(error, f"Frame {number}"))

    def _read(self, number: int, image: Path) -> bytes:
        """The image, or nothing where it cannot be read: the server waits for every frame."""
        try:
            return image.read_bytes()
        except OSError as error:
            self._gone[number] = f"{image.name} cannot be read ({error.strerror})."
            return b""

    def _send_image(self, number: int, image: bytes) -> None:
        while not self._cancelled.is_set():
            try:
                self._sender.send_image(self._clip, number, image)
            except BusyError as busy:
                wait(self._cancelled, busy.retry_s)
            else:
                return


def wanted_frames(source: Source, request: ClipRequest) -> list[int] | None:
    """The numbers of the images to send; None for a movie."""
    if source.images is None:
        return None
    start = request.first if request.first is not None else source.first_number
    return [
        number
        for number in source.images
        if number >= start
        and (request.last is None or number <= request.last)
        and (number - start) % request.step == 0
    ]
