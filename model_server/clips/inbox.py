# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of a sequence that are sent one by one, handed on in their order."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Condition
from typing import Final

from model_server.clips.sequence import Load
from model_server.errors import BadRequestError, WaitError

_WAITING: Final = 16  # frames that may lie there before their turn
_SILENCE_S: Final = 120.0  # without the frame whose turn it is; then the clip ends before it


class Inbox:
    """Files in a folder, by number. The server puts them there and one other thread takes them."""

    def __init__(self, numbers: Sequence[int], folder: Path) -> None:
        self._numbers = sorted(set(numbers))
        self._places = {number: place for place, number in enumerate(self._numbers)}
        self._folder = folder
        self._next = 0  # place in the numbers
        self._here: set[int] = set()
        self._changed = Condition()
        self._stopped = False

    def check(self, number: int) -> None:
        """Raise an error where a frame is not expected, or not yet."""
        with self._changed:
            if number not in self._places:
                raise BadRequestError(
                    f"Frame {number} is not one of this clip.", "Name it when the clip is begun."
                )
            if len(self._here) >= _WAITING and self._places[number] > self._next:
                raise WaitError("Enough frames are waiting.", "Send this one again in a second.")

    def path(self, number: int) -> Path:
        return self._folder / f"{number}.image"

    def arrived(self, number: int) -> None:
        """The file of a frame is complete. One that was sent before is not needed again."""
        with self._changed:
            if self._places[number] >= self._next:
                self._here.add(number)
                self._changed.notify_all()
            else:
                self.path(number).unlink(missing_ok=True)

    def stop(self) -> None:
        """No more frames come."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def frames(self) -> Iterator[tuple[int, Load]]:
        """All frames in order, each when it is there; ends early when stopped or after silence."""
        for number in self._numbers:
            with self._changed:
                there = self._changed.wait_for(
                    lambda number=number: number in self._here or self._stopped, _SILENCE_S
                )
                if not there or number not in self._here:
                    return
            yield number, lambda number=number: self._taken(number)

    def _taken(self, number: int) -> bytes:
        content = self.path(number).read_bytes()
        self.path(number).unlink()
        with self._changed:
            self._here.discard(number)
            self._next += 1
        return content
