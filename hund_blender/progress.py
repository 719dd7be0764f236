# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of work in the background, while it lasts and when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from .errors import HundError


@dataclass(frozen=True)
class Progress:
    """How far the work is, 0…1, and with what."""

    fraction: float
    text: str


@dataclass(frozen=True)
class Problem:
    """What the artist is told: about which photo (empty for all), what, and what to do."""

    subject: str
    message: str
    remedy: str


def problem_of(error: HundError, subject: str = "") -> Problem:
    return Problem(subject, error.message, error.remedy)


def unexpected(error: Exception, subject: str = "") -> Problem:
    """What to say of a mistake of ours."""
    return Problem(
        subject,
        f"Unexpected {type(error).__name__}: {error}",
        "Please report this with the lines in the system console.",
    )


class Work(Protocol):
    """What a timer can drive: `step` never waits and is true at the end."""

    problems: list[Problem]

    def run(self) -> None: ...

    def start(self) -> None: ...

    def step(self) -> bool: ...

    def cancel(self) -> None: ...


# Not in a module that imports bpy: `typing` keeps its parameters for ever, these their module, and
# the bpy of the wheel ends only when nobody keeps it. It would hang at the end of a script.
W = TypeVar("W", bound=Work)
