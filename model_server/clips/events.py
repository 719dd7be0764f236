# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened to a clip, in order, kept on disk so that it can be read from any point."""

import errno
import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any, Final

LAST: Final = "done"  # the event after which there is none


class EventLog:
    """Numbered from 1. One thread writes, others read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb", buffering=0)
        self._ends = array("q", [0])  # where each event ends in the file
        self._unwritten: list[bytes] = []  # the few last ones once the disk is full
        self._lock = Lock()
        self.failure: OSError | None = None  # why events are no longer written
        self.is_complete = False

    def add(self, kind: str, content: dict[str, Any] | str) -> None:
        """An event of some kind, its content given as data or as JSON."""
        data = content if isinstance(content, str) else json.dumps(content)
        event = f"id: {self.count + 1}\nevent: {kind}\ndata: {data}\n\n".encode()
        written = self._written(event)
        with self._lock:
            if written:
                self._ends.append(self._ends[-1] + len(event))
            else:
                self._unwritten.append(event)
            self.is_complete = kind == LAST

    def _written(self, event: bytes) -> bool:
        if self.failure is not None:
            return False
        try:
            if self._file.write(event) == len(event):
                return True
            self.failure = OSError(errno.ENOSPC, "the event was not written in full")
        except OSError as error:
            self.failure = error
        return False

    def after(self, number: int) -> Iterator[bytes]:
        """The events that there are after a number, each as it goes over the wire."""
        with self._path.open("rb") as file:
            for place in range(max(number, 0), self.count):
                yield self._read(file, place)

    def _read(self, file: Any, place: int) -> bytes:
        with self._lock:
            kept = len(self._ends) - 1
            if place >= kept:
                return self._unwritten[place - kept]
            start, end = self._ends[place], self._ends[place + 1]
        file.seek(start)
        return bytes(file.read(end - start))

    @property
    def count(self) -> int:
        with self._lock:
            return len(self._ends) - 1 + len(self._unwritten)

    def close(self) -> None:
        self._file.close()
