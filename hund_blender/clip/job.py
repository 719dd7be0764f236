# SPDX-License-Identifier: GPL-3.0-or-later
"""One import of a clip: a thread receives and cleans up, `step` shows and places.

A timer calls `step`, and it alone touches Blender, never for long at a time.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ..body import Body
from ..errors import CancelledError, HundError
from ..progress import Problem, Progress, problem_of, unexpected
from ..threads import POLL_S, Worker, sleep
from .client import ClipClient, ClipRequest
from .data import Clip
from .joining import OVERLAP, continued
from .receiving import Listeners, Receiving
from .recording import FrameOfPeople, Opened, Recording
from .sources import FIRST_NUMBER, Source

log = logging.getLogger(__name__)

STEP_S: Final = 0.01  # between two steps where no timer runs
SLICE_S: Final = 0.03  # that one step may take for placing
Placing = Callable[[], Generator[None]]  # builds in slices; in the main thread
Preparing = Callable[[], Placing]  # in the thread

NOTHING: Final = Problem(
    "", "The clip was cancelled before anybody was found.", "Import it again when you like."
)
NOBODY: Final = Problem(
    "", "No people were found in the clip.", "Use one in which people are larger and less hidden."
)


@dataclass(frozen=True)
class ClipDoors:
    """What a job needs from outside."""

    # Called in the thread; without a client where no server is needed.
    connect: Callable[[threading.Event], tuple[ClipClient | None, Body]]
    broke_off: Callable[[], None]  # in the thread, when the server went away
    keep: Callable[[Clip], str]  # in the thread: writes a file and tells its name
    show: Callable[[Recording, FrameOfPeople], None]  # the rest in the main thread
    plan: Callable[[Clip, Body, str], Preparing]
    can_place: Callable[[], bool]


@dataclass(frozen=True)
class Found:
    """What another tool found, to be put on a body."""

    title: str
    on_body: Callable[[Body], Clip]


@dataclass(frozen=True, eq=False)
class Order:
    """What shall be imported; `earlier` is what was done before, where a clip goes on."""

    source: Source | None  # None: all that there will ever be is in `earlier`, or in `found`
    request: ClipRequest
    earlier: Clip | None = None
    found: Found | None = None

    def given(self, body: Body) -> Clip | None:
        """All that there will ever be, where nothing is to be looked at."""
        if self.found is not None:
            return self.found.on_body(body)
        return self.earlier if self.source is None else None

    def asked(self) -> ClipRequest:
        """From where the earlier part ended; a few frames twice, to know people again."""
        if self.earlier is not None:
            again = self.earlier.last - OVERLAP * self.request.step
            return self.request.from_frame(max(again, self.origin))
        # Steps are counted from the first, which movies have in common and images have not.
        has_images = self.source is not None and self.source.images is not None
        return self.request.from_frame(self.origin) if has_images else self.request

    @property
    def origin(self) -> int:
        """The number of the clip's first frame, whoever may be seen in it."""
        if self.request.first is not None:
            return self.request.first
        return FIRST_NUMBER if self.source is None else self.source.first_number


class Received(NamedTuple):
    """All that there will be of a clip, and the name of the file it is kept in."""

    clip: Clip
    body: Body
    file: str


class ClipJob:
    """State of an import. `step` never waits."""

    def __init__(self, order: Order, doors: ClipDoors) -> None:
        self.progress = Progress(0.0, "Starting the server")
        self.problems: list[Problem] = []
        self.failure: Exception | None = None
        self.is_finished = False
        self.placed = False
        self._order, self._doors = order, doors
        self._events: queue.Queue[Problem | Exception | Received | Placing | None] = queue.Queue()
        self._cancelled = threading.Event()
        self._receiving: Receiving | None = None
        self._news: FrameOfPeople | None = None
        self._opened: Opened | None = None
        self._began_s = 0.0
        self._planned: queue.Queue[Preparing | None] = queue.Queue()
        self._slices: Generator[None] | None = None
        self._placing: Placing | None = None
        self._thread = Worker(self._work, "hund-clip")
        self._thread_ended = False
        self._file = ""  # that the result was kept in
        self._shows = True

    @property
    def was_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """End soon; what was done so far is placed."""
        if self.was_cancelled:
            return
        self.progress = Progress(self.progress.fraction, "Stopping: what was done is kept")
        self._cancelled.set()
        if self._receiving is not None:
            self._receiving.cancel()

    def abandon(self) -> Clip | None:
        """End at once, place nothing more, take back what is half done; before another file is
        opened. What there is so far, where it is not in a file already.
        """
        self.is_finished = True
        self.cancel()
        self._planned.put(None)
        if self._slices is not None:
            self._slices.close()
        recording = self._receiving.recording if self._receiving is not None else None
        if self._file or recording is None or not recording.count:
            return None
        return self._whole(recording.clip(), finished=False)

    def run(self) -> None:
        """Do it all now, where no timer runs."""
        self.start()
        while not self.step():
            time.sleep(STEP_S)

    def step(self) -> bool:
        """Show the newest frame, or place some more; True at the end."""
        if self.is_finished:
            return True
        try:
            self._take_in()
            self._show()
            self._place()
        except Exception as error:
            # The timer must end, and the panel must say why.
            self._fail(error)
            self._planned.put(None)
            self.is_finished = True
            if self._file:
                self.problems.append(kept_in(self._file))
        return self.is_finished

    def _take_in(self) -> None:
        while not self._events.empty():
            match self._events.get_nowait():
                case Problem() as problem:
                    self.problems.append(problem)
                case Exception() as error:
                    self._fail(error)
                case Received() as received:
                    self.progress, self._opened = Progress(1.0, "Cleaning up"), None
                    self._file = received.file
                    self._planned.put(self._doors.plan(*received))
                case None:
                    self._thread_ended = True
                case placing:
                    self._placing = placing

    def _show(self) -> None:
        news, self._news = self._news, None
        recording = self._receiving.recording if self._receiving is not None else None
        if self.was_cancelled or self._opened is None or recording is None:
            return
        self.progress = self._how_far(self._opened, recording.count)
        if news is None or not self._shows:
            return
        try:
            self._doors.show(recording, news)
        except Exception:  # what is shown must not stop what is done
            self._shows = False
            log.exception("the people cannot be shown while frames arrive")

    def _how_far(self, opened: Opened, count: int) -> Progress:
        expected = max(opened.frames, count, 1)
        if count >= expected:
            return Progress(1.0, "Looking over the whole clip")
        rate = count / max(time.monotonic() - self._began_s, 1e-3)
        left = "" if count < 2 else f", {_duration((expected - count) / rate)} left"
        return Progress(count / expected, f"Frame {count} of {expected}{left}")

    def _place(self) -> None:
        if self._placing is None:
            self.is_finished = self._thread_ended
            return
        if self._slices is None:
            if not self._doors.can_place():
                text = "Ready: leave this mode or the render to see the people"
                self.progress = Progress(1.0, text)
                return
            self._slices = self._placing()
        deadline = time.monotonic() + SLICE_S
        while time.monotonic() < deadline:
            try:
                next(self._slices)
            except StopIteration:
                self.placed = self.is_finished = True
                return

    def _fail(self, error: Exception) -> None:
        self.failure = error
        if isinstance(error, HundError):
            self.problems.append(problem_of(error))
        else:
            log.error("the import of the clip failed", exc_info=error)
            self.problems.append(unexpected(error))

    # The rest runs in the thread.

    def _work(self) -> None:
        try:
            self._receive()
        except CancelledError:
            self._events.put(NOTHING)
        except Exception as error:
            # A thread that dies in silence would leave the panel waiting for ever.
            self._events.put(error)
        finally:
            self._events.put(None)

    def _receive(self) -> None:
        client, body = self._doors.connect(self._cancelled)
        given = self._order.given(body)
        if given is not None:
            self._prepare(given, body)
            return
        assert client is not None
        assert self._order.source is not None
        receiving = Receiving(client, body, self._order.source, self._order.asked())
        self._receiving = receiving
        if self.was_cancelled:
            receiving.cancel()
        try:
            clip = receiving.run(Listeners(self._on_opened, self._on_frame, self._events.put))
        finally:
            if not receiving.is_finished and not self.was_cancelled:
                self._doors.broke_off()
        whole = self._whole(clip, finished=receiving.is_finished)
        if whole is not None and whole.tracks:
            self._prepare(whole, body)
        elif self.was_cancelled:
            self._events.put(NOTHING)
        elif receiving.is_finished:
            self._events.put(NOBODY)

    def _prepare(self, clip: Clip, body: Body) -> None:
        self._events.put(Received(clip, body, self._doors.keep(clip)))
        while self._planned.empty():
            sleep(POLL_S)
        preparing = self._planned.get()
        if preparing is not None:
            self._events.put(preparing())

    def _whole(self, clip: Clip | None, *, finished: bool) -> Clip | None:
        """With what was done before, and with what it takes to go on."""
        earlier = self._order.earlier
        whole = continued(earlier, clip) if clip and earlier else clip or earlier
        if whole is None:
            return None
        return replace(whole, request=request_json(self._order, finished=finished))

    def _on_opened(self, opened: Opened) -> None:
        self._opened, self._began_s = opened, time.monotonic()

    def _on_frame(self, frame: FrameOfPeople) -> None:
        self._news = frame


def kept_in(file: str) -> Problem:
    """Where a result is that could not be placed."""
    return Problem("", f"The result is kept in {file}.", "Open it with Import Clip Result.")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def request_json(order: Order, *, finished: bool) -> dict[str, object]:
    """What files of clips keep of how they were asked for."""
    assert order.source is not None
    return {
        "source": order.source.to_json(),
        "asked": vars(order.request),
        "origin": order.origin,
        "step": order.request.step,
        "finished": finished,
    }


def order_of(clip: Clip) -> Order | None:
    """How to go on with a clip that was not finished; None where it was, or it cannot be known."""
    request = clip.request
    if request.get("finished", True):
        return None
    source = Source.from_json(request["source"])
    return Order(source, ClipRequest(**request["asked"]), clip)
