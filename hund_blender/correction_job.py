# SPDX-License-Identifier: GPL-3.0-or-later
"""One correction: a thread asks the server, `step` changes the character on the main thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .client import Client
from .errors import ForgottenError, HundError, PhotoError, ServerLostError
from .estimate import Person
from .job import STEP_S, read_photo
from .keypoint_files import keypoints_beside
from .progress import Problem, Progress, unexpected
from .sighting import Sighting
from .task import Task, Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Connections:
    """How the thread finds a server, and whom it tells when that went away."""

    connect: Callable[[threading.Event], Client]
    broke_off: Callable[[], None]


class CorrectionJob:
    """`ask` runs in the thread; `apply` changes the scene once `can_apply` allows it."""

    def __init__(
        self,
        ask: Callable[[Watch], Person],
        can_apply: Callable[[], bool],
        apply: Callable[[Person], None],
    ) -> None:
        self.problems: list[Problem] = []
        self._ask, self._can_apply, self._apply = ask, can_apply, apply
        self._answer: Person | None = None
        self._task = Task(self._work)

    @property
    def progress(self) -> Progress:
        return self._task.progress

    @property
    def was_cancelled(self) -> bool:
        return self._task.was_cancelled

    def start(self) -> None:
        self._task.start()

    def cancel(self) -> None:
        """Stop; what the server may still answer comes to nothing."""
        self._task.cancel()

    def step(self) -> bool:
        """Change the character when the answer is there; True at the end."""
        if self.was_cancelled:
            return True
        if not self._task.step():
            return False
        if self._answer is None:
            self.problems = self._task.problems
            return True
        return self._apply_answer(self._answer)

    def run(self) -> None:
        """Do it all now, where no timer runs."""
        self._task.run()
        while not self.step():
            time.sleep(STEP_S)

    def _apply_answer(self, answer: Person) -> bool:
        if not self._can_apply():
            return False
        try:
            self._apply(answer)
        except HundError as error:
            self.problems = [Problem("", error.message, error.remedy)]
        except Exception as error:
            # The timer must end, and the panel must say why.
            log.exception("correcting the character failed")
            self.problems = [unexpected(error)]
        return True

    # In the thread.

    def _work(self, watch: Watch) -> str:
        self._answer = self._ask(watch)
        return "The person was corrected."


def ask_server(
    servers: Connections, sighting: Sighting, question: Mapping[str, Any], watch: Watch
) -> Person:
    """The answer to a correction. A server that has forgotten the photo is shown it again."""
    watch.tell(0.2, "Starting the server")
    client = servers.connect(watch.cancelled)
    watch.on_cancel = client.abort
    watch.tell(0.5, "Correcting")
    try:
        try:
            return client.correct(question)
        except ForgottenError:
            watch.tell(0.6, f"Looking at {sighting.path.name} again")
            asked = sighting.question
            keypoints = keypoints_beside(sighting.path) if asked.keypoints else None
            client.estimate(_photo_of(sighting), asked, keypoints)
            return client.correct(question)
    except ForgottenError as error:
        raise PhotoError(
            f"{sighting.path} has changed since it was imported.", "Import it again to correct it."
        ) from error
    except ServerLostError as error:
        servers.broke_off()
        raise ServerLostError(error.message, "Correct again; the server starts anew.") from error


def _photo_of(sighting: Sighting) -> bytes:
    try:
        return read_photo(sighting.path)
    except PhotoError as error:
        remedy = f"Put the photo back to {sighting.path}, or import it again from where it is."
        raise PhotoError(error.message, remedy) from error
