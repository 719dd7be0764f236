# SPDX-License-Identifier: GPL-3.0-or-later
"""One import: a thread asks the server about the photos, `step` puts the answers into the scene.

A timer calls it, and it alone touches Blender. All photos are placed in one go at the end, so that
one undo step takes all of it back.
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
from .client import DEFAULT_QUESTION, Client, Question
from .errors import CancelledError, HundError, PhotoError, ServerLostError
from .estimate import Estimate
from .progress import Problem, Progress, problem_of, unexpected

log = logging.getLogger(__name__)

STEP_S: Final = 0.01  # between two steps where no timer runs
NOBODY_REMEDY: Final = "Use a photo in which a person is larger and less hidden."


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """A photo with at least one person, ready to be placed."""

    path: Path
    estimate: Estimate
    body: Body
    question: Question = DEFAULT_QUESTION


CANCELLED: Final = Problem(
    "",
    "The import was cancelled; nothing was added.",
    "Import the photos again when you like.",
)


def unheard(_: PhotoResult | Problem) -> None:
    """Nobody listens to the answers as they come."""


@dataclass(frozen=True)
class Doors:
    """What a job needs from outside."""

    connect: Callable[[threading.Event], tuple[Client, Body]]  # called in the thread
    broke_off: Callable[[], None]  # in the thread, when the server went away in a request
    can_place: Callable[[], bool]  # the rest in the main thread
    place: Callable[[Sequence[PhotoResult]], Sequence[Problem]]
    answered: Callable[[PhotoResult | Problem], None] = unheard  # of every photo, in turn


class Job:
    """State of an import. `step` is the only method that moves it on; it never waits."""

    def __init__(self, paths: Sequence[Path], question: Question, doors: Doors) -> None:
        self.progress = Progress(0.0, "Starting the server")
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
        self._thread = threading.Thread(target=self._work, daemon=True, name="hund-import")
        self._all_answered = False
        self._placed = False

    @property
    def placed(self) -> bool:
        """Whether the scene has changed."""
        return self._placed

    @property
    def was_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """Stop at once; what the thread still does comes to nothing."""
        self._cancelled.set()
        client = self._client
        if client is not None:
            client.abort()

    def step(self) -> bool:
        """Take in what the thread sent, place the people when all is there; True at the end."""
        if self.is_finished:
            return True
        if self.was_cancelled:
            self.problems = [CANCELLED]
            self.is_finished = True
            return True
        self._take_in()
        if self._all_answered:
            self._place()
        return self.is_finished

    def run(self) -> None:
        """Do it all now, where no timer runs."""
        self.start()
        while not self.step():
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
                    self._fail(error)
                case Progress() as progress:
                    self.progress = progress
                case None:
                    self._all_answered = True

    def _place(self) -> None:
        if self._results and not self._doors.can_place():
            self.progress = Progress(1.0, "Ready: leave this mode or the render to see the people")
            return
        try:
            failed = self._doors.place(self._results) if self._results else ()
            self.problems.extend(failed)
            unplaced = [problem for problem in failed if problem.subject]
            self._placed = len(unplaced) < len(self._results)
        except Exception as error:
            # The timer must end, and the panel must say why.
            self._fail(error)
        self.is_finished = True

    def _fail(self, error: Exception) -> None:
        self.failure = error
        if isinstance(error, HundError):
            self.problems.append(problem_of(error))
        else:
            log.error("the import failed", exc_info=error)
            self.problems.append(unexpected(error))

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
        for number, path in enumerate(self._paths):
            # Anew each time: the last photo may have cost the server.
            self._client, body = self._doors.connect(self._cancelled)
            text = f"Photo {number + 1} of {len(self._paths)}: {path.name}"
            self._events.put(Progress((number + 0.5) / len(self._paths), text))
            self._events.put(self._ask(self._client, body, path))

    def _ask(self, client: Client, body: Body, path: Path) -> PhotoResult | Problem:
        if self._cancelled.is_set():
            raise CancelledError
        try:
            estimate = client.estimate(read_photo(path), self._question)
        except PhotoError as error:
            return problem_of(error, path.name)
        except ServerLostError as error:
            self._doors.broke_off()
            return problem_of(error, path.name)
        log.info("%s: %d people", path.name, len(estimate.people))
        if not estimate.people:
            return Problem(path.name, "No people were found.", NOBODY_REMEDY)
        return PhotoResult(path, estimate, body, self._question)


def read_photo(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PhotoError(
            f"The file cannot be read ({error.strerror}).", "Check that it still exists."
        ) from error
