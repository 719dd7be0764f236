# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in the background, driven by a timer on Blender's main thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, Generic

import bpy

from .progress import Problem, Progress, W

log = logging.getLogger(__name__)

TICK_S: Final = 0.02
SHOW_S: Final = 0.25  # panels need to be drawn twice to get another height


def _show(job: W, on_change: Callable[[W], None]) -> None:
    try:
        on_change(job)
    except Exception:  # what is shown must not stop what is done
        log.exception("showing the progress failed")


class Slot(Generic[W]):
    """The one piece of work of its kind that may run, and what the last one had to say."""

    def __init__(self) -> None:
        self.job: W | None = None
        self.last: W | None = None  # the one that ended last
        self.problems: list[Problem] = []
        self._tick: Callable[[], float | None] | None = None

    def run_in_background(self, job: W, on_change: Callable[[W], None]) -> None:
        """Drive a job by a timer that survives undo and loading; on_change hears of progress, now
        and then, and of the end.
        """
        shown: tuple[Progress, float] | None = None

        def tick() -> float | None:
            nonlocal shown
            finished, now = job.step(), time.monotonic()
            if finished:
                self.job, self.last, self.problems = None, job, job.problems
            if finished or shown is None or shown[0] != job.progress or now - shown[1] > SHOW_S:
                shown = job.progress, now
                _show(job, on_change)
            return None if finished else TICK_S

        self.job, self.problems, self._tick = job, [], tick
        job.start()
        bpy.app.timers.register(tick, first_interval=TICK_S, persistent=True)

    def run_now(self, job: W) -> None:
        """Drive a job to its end, where there is no window and no timer."""
        job.run()
        self.last, self.problems = job, job.problems

    def cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    def forget(self) -> None:
        """Cancel, and leave no timer behind."""
        self.cancel()
        if self._tick is not None and bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.unregister(self._tick)
        self.job, self.last, self.problems, self._tick = None, None, [], None
