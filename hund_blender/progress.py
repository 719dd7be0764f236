# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of work in the background, while it lasts and when it fails."""

from __future__ import annotations

from dataclasses import dataclass


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


def unexpected(error: Exception, subject: str = "") -> Problem:
    """What to say of a mistake of ours."""
    return Problem(
        subject,
        f"Unexpected {type(error).__name__}: {error}",
        "Please report this with the lines in the system console.",
    )
