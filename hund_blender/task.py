# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in a thread that tells how far it is, can be cancelled, and leaves a report."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from .errors import CancelledError, HundError
from .progress import Problem, Progress, problem_of, unexpected
from .threads import Worker, pause

log = logging.getLogger(__name__)


class Watch:
    """What the work tells and asks while it goes on."""

    def __init__(self) -> None:
        self.progress = Progress(0.0, "Starting")
        self.lines: list[str] = []
        self.cancelled = threading.Event()
        self.on_cancel: Callable[[], None] = self.cancelled.set

    def tell(self, fraction: float, text: str) -> None:
        """How far the work is; raises CancelledError where the artist asked to stop."""
        self.progress = Progress(fraction, text)
        self.check()

    def check(self) -> None:
        pause()
        if self.cancelled.is_set():
            raise CancelledError

    def note(self, line: str) -> None:
        """Add a line to the report."""
        self.lines.append(line)


class Task:
    """`work` runs in a thread; what it returns is the last line of the report."""

    def __init__(self, work: Callable[[Watch], str]) -> None:
        self.problems: list[Problem] = []
        self._work = work
        self._watch = Watch()
        self._thread = Worker(self._run, "hund-task")

    @property
    def progress(self) -> Progress:
        return self._watch.progress

    @property
    def report(self) -> tuple[str, ...]:
        return tuple(self._watch.lines)

    @property
    def was_cancelled(self) -> bool:
        return self._watch.cancelled.is_set()

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        self._watch.cancelled.set()
        self._watch.on_cancel()

    def step(self) -> bool:
        """Whether all is done; the thread needs no help from a timer."""
        return not self._thread.is_alive()

    def wait(self, timeout_s: float) -> None:
        """Give a cancelled thread the time to end its programs."""
        self._thread.join(timeout_s)

    def run(self) -> None:
        """Do it all now, where no timer runs."""
        self._run()

    def _run(self) -> None:
        try:
            self._watch.note(self._work(self._watch))
        except CancelledError as error:
            self._watch.note(str(error))
        except HundError as error:
            self._fail(problem_of(error))
        except Exception as error:
            # A thread that dies in silence would tell the artist nothing.
            log.exception("work in the background failed")
            self._fail(unexpected(error))

    def _fail(self, problem: Problem) -> None:
        self.problems = [problem]
        self._watch.note(f"Failed: {problem.message} {problem.remedy}")
