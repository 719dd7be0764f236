# SPDX-License-Identifier: GPL-3.0-or-later
"""How encoders are taught: batches, reports, checkpoints."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from model_server.learning.runs import Run

B = TypeVar("B")
REPORT_EVERY: Final = 100
SAVE_EVERY: Final = 200
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lessons(Generic[B]):
    """What a run goes through."""

    batches: Iterator[B]
    advance: Callable[[B], dict[str, float]]  # one step of the optimiser; the terms of the loss
    judge: Callable[[], dict[str, float]]  # on held-out pictures
    keep: Callable[[], None]  # write the checkpoint


def teach(run: Run[Any], lessons: Lessons[B], steps: int, minutes: float) -> None:
    """Go on until the steps or the minutes are used up."""
    began, sums = time.monotonic(), defaultdict[str, float](float)
    for batch in lessons.batches:
        if run.step >= steps or time.monotonic() - began > 60 * minutes:
            break
        for name, value in lessons.advance(batch).items():
            sums[name] += value / REPORT_EVERY
        if run.step % REPORT_EVERY == 0:
            pace = (time.monotonic() - began) / 60
            log.info("step %d, %.1f min, training: %s", run.step, pace, line(sums))
            sums.clear()
        if run.step % SAVE_EVERY == 0:
            log.info("held out: %s", line(lessons.judge()))
            lessons.keep()
    lessons.keep()


def line(terms: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.4f}" for name, value in terms.items())
