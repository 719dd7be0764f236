# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads that stand still while Blender's operators run.

Up to Python 3.11, an operator looks the members of an overridden context up without Python's lock
whenever another thread holds it. Both then change Python's memory at once, and Blender crashes.
"""

from __future__ import annotations

import io
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

NEEDED: Final = sys.version_info < (3, 12)
POLL_S: Final = 0.01  # between two moments at which a thread that waits can be stopped
PATIENCE_S: Final = 1.0  # with a thread that does not stop; an artist waits for it, too


class Worker(threading.Thread):
    """A thread that calls `pause` every now and then, and waits only by functions from here."""

    def __init__(self, work: Callable[[], object], name: str) -> None:
        super().__init__(target=work, daemon=True, name=name)
        self.stands = False

    def start(self) -> None:
        with _GATE.listing:
            _GATE.workers.add(self)
        super().start()

    @property
    def may_move(self) -> bool:
        return self.is_alive() and not self.stands


class _Gate:
    """Who holds `closed` can be sure of workers that stand."""

    def __init__(self) -> None:
        self.closed = threading.Lock()
        self.depth = 0  # of standing_still in itself; only the main thread asks
        self.workers: set[Worker] = set()
        self.listing = threading.Lock()

    def living(self) -> list[Worker]:
        with self.listing:
            self.workers = {worker for worker in self.workers if worker.is_alive()}
            return list(self.workers)


_GATE: Final = _Gate()


@contextmanager
def standing_still() -> Iterator[None]:
    """In the main thread: inside, no worker runs Python."""
    if not NEEDED or _GATE.depth:
        yield
        return
    with _GATE.closed:
        _GATE.depth += 1
        try:
            deadline = time.monotonic() + PATIENCE_S
            while any(worker.may_move for worker in _GATE.living()):
                if time.monotonic() > deadline:
                    break
                time.sleep(POLL_S / 10)
            yield
        finally:
            _GATE.depth -= 1


def pause() -> None:
    """In a worker: stand still as long as the main thread wants it."""
    worker = threading.current_thread()
    if isinstance(worker, Worker) and _GATE.closed.locked():
        worker.stands = True  # Python gives its lock to nobody between here and the wait
        with _GATE.closed:
            worker.stands = False


def sleep(seconds: float) -> None:
    wait(threading.Event(), seconds)


def wait(event: threading.Event, seconds: float = float("inf")) -> bool:
    """Whether the event came in time."""
    deadline = time.monotonic() + seconds
    while not event.is_set():
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return False
        time.sleep(min(left_s, POLL_S))
        pause()
    return True


@contextmanager
def holding(lock: threading.Lock) -> Iterator[None]:
    while not lock.acquire(timeout=POLL_S):
        pause()
    try:
        yield
    finally:
        lock.release()


class Line(Protocol):
    """What is needed of a socket."""

    def fileno(self) -> int: ...

    def gettimeout(self) -> float | None: ...


def patient_file(line: Line, file: io.BufferedReader) -> io.BufferedReader:
    """The same file, read so that the thread can be stopped while it waits for more."""
    return io.BufferedReader(PatientReader(line, file.detach()))


class PatientReader(io.RawIOBase):
    """Reads `file`, which `line` was made one; TimeoutError where nothing comes for too long."""

    def __init__(self, line: Line, file: io.RawIOBase) -> None:
        self._line, self._file = line, file

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int | None:
        limit_s = self._line.gettimeout()
        deadline = None if limit_s is None else time.monotonic() + limit_s
        pause()
        while not self._has_news():
            pause()
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
        return self._file.readinto(buffer)

    def _has_news(self) -> bool:
        pending: Callable[[], int] | None = getattr(self._line, "pending", None)
        if self._line.fileno() < 0 or (pending is not None and pending()):
            return True  # it was closed, or a secure line has read ahead
        with selectors.DefaultSelector() as selector:
            selector.register(self._line, selectors.EVENT_READ)
            return bool(selector.select(POLL_S))
