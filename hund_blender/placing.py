# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing results into the scene, piece by piece, so that Blender can draw in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .body import Body
from .client import DEFAULT_QUESTION, Question
from .errors import HundError, SceneError
from .estimate import Estimate
from .progress import Problem, Progress, problem_of, unexpected

log = logging.getLogger(__name__)

Pieces = Generator[Progress | Problem, None, None]  # closed early, it takes back what it has made

WAITING: Final = Progress(1.0, "Ready: leave this mode or the render to see the people")
CANCELLED: Final = Problem(
    "",
    "The import was cancelled; nothing was added.",
    "Import the photos again when you like.",
)


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """A photo with at least one person, ready to be placed."""

    path: Path
    estimate: Estimate
    body: Body
    question: Question = DEFAULT_QUESTION
    shown: Path | None = None  # a copy that Blender shows upright, where the file is none


Place = Callable[[Sequence[PhotoResult]], Pieces]


class Placing:
    """`step` does one piece. Undo in between takes pieces away, so that it has to begin `again`."""

    def __init__(
        self, results: Sequence[PhotoResult], can_place: Callable[[], bool], place: Place
    ) -> None:
        self.progress = Progress(0.0, "Building")
        self.problems: list[Problem] = []
        self.failure: Exception | None = None  # what stopped it, where no photo is to blame
        self.is_finished = False
        self.was_cancelled = False
        self._results = tuple(results)
        self._can_place, self._place = can_place, place
        self._pieces: Pieces | None = None
        self._begins_again = False

    @property
    def placed(self) -> bool:
        """Whether the scene has changed."""
        unplaced = sum(1 for problem in self.problems if problem.subject)
        done = self.is_finished and self.failure is None and not self.was_cancelled
        return done and unplaced < len(self._results)

    def start(self) -> None:
        """Nothing runs beside the main thread."""

    def cancel(self) -> None:
        """Take back what is there already."""
        self.was_cancelled = True
        self._take_back()

    def again(self) -> None:
        """Undo has changed what was built on; the next step begins anew."""
        self._begins_again = True

    def step(self) -> bool:
        """Build one piece; True at the end."""
        if self._begins_again:
            self._take_back()
        if self.was_cancelled:
            self.problems, self.is_finished = [CANCELLED], True
        elif not self._can_place():
            self.progress = WAITING
        elif not self.is_finished:
            self._next_piece()
        return self.is_finished

    def run(self) -> None:
        """Do it all now, where nobody could leave a mode meanwhile."""
        while not self.step():
            if self.progress is WAITING:
                self._fail(cannot_place())

    def _next_piece(self) -> None:
        try:
            if self._pieces is None:
                self._pieces = self._place(self._results)
            piece = next(self._pieces)
        except StopIteration:
            self.is_finished = True
        except Exception as error:
            # The timer must end, and the panel must say why.
            self._fail(error)
        else:
            if isinstance(piece, Problem):
                self.problems.append(piece)
            else:
                self.progress = piece

    def _take_back(self) -> None:
        if self._pieces is not None:
            self._pieces.close()
        self._pieces, self.problems, self._begins_again = None, [], False

    def _fail(self, error: Exception) -> None:
        self.failure, self.is_finished = error, True
        self.problems.append(problem_of_failure(error))


def cannot_place() -> SceneError:
    return SceneError("Nothing can be built in this mode.", "Go to object or pose mode first.")


def problem_of_failure(error: Exception) -> Problem:
    """What the panel says of an import that was stopped."""
    if isinstance(error, HundError):
        return problem_of(error)
    log.error("the import failed", exc_info=error)
    return unexpected(error)
