# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown while work lasts."""

import pytest

from hund_blender.progress import Problem, Progress
from hund_blender.slot import Slot


@pytest.mark.parametrize(
    ("left_s", "text"),
    [
        (None, ""),
        (0.0, "About 5 s left"),
        (12.0, "About 10 s left"),
        (57.0, "About 55 s left"),
        (58.5, "About 1 min left"),
        (250.0, "About 4 min left"),
    ],
)
def test_time_left_is_told_in_round_numbers(left_s: float | None, text: str) -> None:
    assert Progress(0.5, "Photo", left_s).time_left == text


class Countdown:
    """Work that ends with its texts."""

    def __init__(self, *texts: str) -> None:
        self.problems: list[Problem] = []
        self.texts = list(texts)
        self.progress = Progress(0.0, "")

    def start(self) -> None:
        self.started = True

    def step(self) -> bool:
        self.progress = Progress(0.0, self.texts.pop(0))
        return not self.texts

    def run(self) -> None: ...

    def cancel(self) -> None: ...


def test_changes_and_the_end_are_shown() -> None:
    slot: Slot[Countdown] = Slot()
    shown: list[str] = []
    work = Countdown("one", "one", "two", "two")
    slot.run_in_background(work, lambda job: shown.append(job.progress.text))
    assert slot.job is work
    while slot._tick() is not None:
        assert slot.job is work
    assert (slot.job, slot.last) == (None, work)
    assert shown == ["one", "two", "two"]
    slot.forget()


def test_what_is_shown_does_not_stop_what_is_done() -> None:
    slot: Slot[Countdown] = Slot()
    slot.run_in_background(Countdown("one", "two"), lambda _: 1 / 0)
    while slot._tick() is not None:
        pass
    assert slot.job is None
    slot.forget()
