# SPDX-License-Identifier: GPL-3.0-or-later
"""One import: a thread asks the server about the photos, `step` puts the answers into the scene.

A timer calls it, and it alone touches Blender. The photos are placed when all have been answered,
so that one undo step takes all of it back.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .body import Body
from .client import Client, Question
from .errors import CancelledError, PhotoError, ServerLostError
from .keypoint_files import keypoints_beside
from .placing import (
    CANCELLED,
    WAITING,
    PhotoResult,
    Place,
    Placing,
    cannot_place,
    problem_of_failure,
)
from .progress import Problem, Progress, problem_of
from .threads import Worker

log = logging.getLogger(__name__)

STEP_S: Final = 0.01  # between two steps where no timer runs
STARTING: Final = "Starting the server"
ASKING_SHARE: Final = 0.8  # of the progress; the rest is building
NOBODY_REMEDY: Final = "Use a photo in which a person is larger and less hidden."


def unheard(_: PhotoResult | Problem) -> None:
    """Nobody listens to the answers as they come."""


@dataclass(frozen=True)
class Doors:
    """What a job needs from outside."""

    connect: Callable[[threading.Event], tuple[Client, Body]]  # called in the thread
    broke_off: Callable[[], None]  # in the thread, when the server went away in a request
    can_place: Callable[[], bool]  # the rest in the main thread
    place: Place
    answered: Callable[[PhotoResult | Problem], None] = unheard  # of every photo, in turn
    keep_copy: Callable[[Path, bytes], Path] | None = None  # in the thread; where photos are shown


class Job:
    """State of an import. `step` is the only method that moves it on; it never waits."""

    def __init__(self, paths: Sequence[Path], question: Question, doors: Doors) -> None:
        self.progress = Progress(0.0, STARTING)
        self.problems: list[Problem] = []
        self.failure: Exception | None = None  # what stopped the import, where no photo is to blame
        self.is_finished = False
        self._paths = tuple(paths)
        self._question = question
        self._doors = doors
        self._results: list[PhotoResult] = []
        self._events: queue.Queue[PhotoResult | Problem | Progress | Exception | None] = (
            queue.Queue()
        )
        self._cancelled = threading.Event()
        self._client: Client | None = None
        self._began = 0.0
        self._thread = Worker(self._work, "hund-import")
        self._placing: Placing | None = None  # once all are answered

    @property
    def placed(self) -> bool:
        """Whether the scene has changed."""
        return self._placing is not None and self._placing.placed

    @property
    def was_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def start(self) -> None:
        self._began = time.monotonic()
        self._thread.start()

    def cancel(self) -> None:
        """Stop at once; what the thread still does comes to nothing."""
        self._cancelled.set()
        client = self._client
        if client is not None:
            client.abort()
        if self._placing is not None:
            self._placing.cancel()

    def again(self) -> None:
        """Undo may have taken away what was built so far."""
        if self._placing is not None:
            self._placing.again()

    def step(self) -> bool:
        """Take in what the thread sent, place the people when all is there; True at the end."""
        if self.is_finished:
            return True
        if self.was_cancelled:
            self.problems = [CANCELLED]
            self.is_finished = True
            return True
        if self.progress.text.startswith(STARTING):  # takes long enough to look stuck
            waited_s = time.monotonic() - self._began
            self.progress = Progress(0.0, f"{STARTING}, {waited_s:.0f} s")
        self._take_in()
        if self._placing is not None:
            self._place(self._placing)
        return self.is_finished

    def run(self) -> None:
        """Do it all now, where no timer runs."""
        self.start()
        while not self.step():
            if self.progress is WAITING:  # for nobody: there is no window
                self._fail(cannot_place())
                return
            if self._placing is None:
                time.sleep(STEP_S)

    def _take_in(self) -> None:
        while not self._events.empty():
            match self._events.get_nowait():
                case PhotoResult() as result:
                    self._results.append(result)
                    self._doors.answered(result)
                case Problem() as problem:
                    self.problems.append(problem)
                    self._doors.answered(problem)
                case Exception() as error:
                    self.failure = error
                    self.problems.append(problem_of_failure(error))
                case Progress() as progress:
                    self.progress = progress
                case None:
                    doors = self._doors
                    self._placing = Placing(self._results, doors.can_place, doors.place)

    def _place(self, placing: Placing) -> None:
        if not self._results:
            self.is_finished = True
        elif placing.step():
            self.problems += placing.problems
            self.failure = placing.failure or self.failure
            self.is_finished = True
        elif placing.progress is WAITING:
            self.progress = WAITING
        else:
            fraction = ASKING_SHARE + (1 - ASKING_SHARE) * placing.progress.fraction
            self.progress = Progress(fraction, placing.progress.text)

    def _fail(self, error: Exception) -> None:
        self.failure, self.is_finished = error, True
        self.problems.append(problem_of_failure(error))

    # The rest runs in the thread.

    def _work(self) -> None:
        try:
            self._ask_for_all()
        except Exception as error:
            # A thread that dies in silence would leave the panel waiting for ever.
            self._events.put(error)
        finally:
            self._events.put(None)

    def _ask_for_all(self) -> None:
        began = 0.0  # with the first photo: the server may have to start before
        for number, path in enumerate(self._paths):
            # Anew each time: the last photo may have cost the server.
            self._client, body = self._doors.connect(self._cancelled)
            began = began or time.monotonic()
            self._events.put(self._progress(number, time.monotonic() - began))
            self._events.put(self._ask(self._client, body, path))

    def _progress(self, number: int, took_s: float) -> Progress:
        count = len(self._paths)
        left_s = took_s / number * (count - number) if number else None
        text = f"Photo {number + 1} of {count}: {self._paths[number].name}"
        return Progress(ASKING_SHARE * (number + 0.5) / count, text, left_s)

    def _ask(self, client: Client, body: Body, path: Path) -> PhotoResult | Problem:
        if self._cancelled.is_set():
            raise CancelledError
        try:
            return self._answer(client, body, path)
        except PhotoError as error:
            return problem_of(error, path.name)
        except ServerLostError as error:
            self._doors.broke_off()
            return problem_of(error, path.name)

    def _answer(self, client: Client, body: Body, path: Path) -> PhotoResult | Problem:
        content = read_photo(path)
        keypoints = keypoints_beside(path) if self._question.keypoints else None
        estimate = client.estimate(content, self._question, keypoints)
        log.info("%s: %d people", path.name, len(estimate.people))
        if not estimate.people:
            return Problem(path.name, "No people were found.", NOBODY_REMEDY)
        shown = None
        if self._doors.keep_copy is not None and not estimate.photo.as_stored:
            shown = self._doors.keep_copy(path, client.jpeg(content))
        return PhotoResult(path, estimate, body, self._question, shown)


def read_photo(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PhotoError(
            f"The file cannot be read ({error.strerror}).", "Check that it still exists."
        ) from error
