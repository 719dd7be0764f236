# SPDX-License-Identifier: GPL-3.0-or-later
"""Detectors that must not be used by two threads at once, lent to one thread at a time."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


D = TypeVar("D", bound=Closable)


class Lender(Generic[D]):
    """Owns some detectors of a kind; whoever wants one waits until one is idle."""

    def __init__(self, make: Callable[[], D], count: int) -> None:
        self._idle: SimpleQueue[D] = SimpleQueue()
        for _ in range(count):
            self._idle.put(make())

    @contextmanager
    def lent(self) -> Generator[D]:
        detector = self._idle.get()
        try:
            yield detector
        finally:
            self._idle.put(detector)

    def close(self) -> None:
        """Close all that are idle."""
        while not self._idle.empty():
            self._idle.get().close()
