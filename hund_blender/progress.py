# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of work in the background, while it lasts and when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from .errors import HundError

MINUTE_S: Final = 58.0  # rounded to the next five seconds it would be a minute


@dataclass(frozen=True)
class Progress:
    """How far the work is, 0…1, and with what."""

    fraction: float
    text: str
    left_s: float | None = None  # as far as one can tell

    @property
    def time_left(self) -> str:
        """In round numbers, empty where nobody knows."""
        if self.left_s is None:
            return ""
        if self.left_s < MINUTE_S:
            return f"About {max(5, 5 * round(self.left_s / 5))} s left"
        return f"About {round(self.left_s / MINUTE_S)} min left"


@dataclass(frozen=True)
class Problem:
    """What the artist is told: about which photo (empty for all), what, and what to do."""

    subject: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Ending:
    """What is shown when all went well."""

    use_camera: bool = False  # look through that of the scene
    news: Problem | None = None  # where there is nothing to be seen in the view


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

    @property
    def progress(self) -> Progress: ...

    def run(self) -> None: ...

    def start(self) -> None: ...

    def step(self) -> bool: ...

    def cancel(self) -> None: ...


# Not in a module that imports bpy: `typing` keeps its parameters for ever, these their module, and
# the bpy of the wheel ends only when nobody keeps it. It would hang at the end of a script.
W = TypeVar("W", bound=Work)
