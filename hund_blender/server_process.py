# SPDX-License-Identifier: GPL-3.0-or-later
"""The server as a child process: started, its handshake read, stopped with us."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from .client import Address
from .errors import CancelledError, ServerError
from .installer.environment import Environment, State

ENVIRONMENT_VARIABLE: Final = "HUND_SERVER_PYTHON"
HANDSHAKE_TIMEOUT_S: Final = 90.0
STOP_TIMEOUT_S: Final = 3.0
DYING_S: Final = 0.5  # a process that was killed closes its connections before it is gone
KEPT_LINES: Final = 40
SHOWN_LINES: Final = 3
_SETTING: Final = (
    "Set “Server Python” in the add-on's preferences to the python of the server's environment."
)
_INSTALL: Final = "Press “Install Model Server” in the add-on's preferences."
_UPDATE: Final = "Press “Update Model Server” in the add-on's preferences."


def find_python(preference: str, installed: Environment | None = None) -> Path:
    """The server's Python: the preference's, else an environment variable's, else the installed."""
    chosen = chosen_python(preference)
    if not chosen:
        return _installed_python(installed)
    python = Path(chosen).expanduser()
    if not python.is_file() or not os.access(python, os.X_OK):
        raise ServerError(f"There is no Python at {python}.", _SETTING)
    return python


def chosen_python(preference: str) -> str:
    """The Python that somebody chose over the installed one, or nothing."""
    return preference.strip() or os.environ.get(ENVIRONMENT_VARIABLE, "").strip()


def _installed_python(installed: Environment | None) -> Path:
    state = State.ABSENT if installed is None else installed.state
    if state is State.OUTDATED:
        raise ServerError("The installed server is damaged or of another release.", _UPDATE)
    if installed is None or state is State.ABSENT:
        raise ServerError("No server is set up.", _INSTALL)
    return installed.python


def find_checkout(python: Path) -> Path | None:
    """The project's folder round the server's environment, where there is one.

    Run from there, the server need not be installed into its environment.
    """
    places = (folder / "model_server" / "__main__.py" for folder in python.parents)
    return next((place.parents[1] for place in places if place.is_file()), None)


class ServerProcess:
    """A running child. It ends itself when we close its standard input, even if we crash."""

    def __init__(self, python: Path) -> None:
        self.python = python
        self._log: deque[str] = deque(maxlen=KEPT_LINES)
        self._handshake: queue.Queue[str] = queue.Queue()
        self._address: Address | None = None
        self._process = self._start()
        self._follow(self._process.stdout, self._handshake.put)
        self._follow(self._process.stderr, self._log.append)

    def _start(self) -> subprocess.Popen[str]:
        arguments = ("serve", "--port", "0", "--exit-with-stdin")
        command = [str(self.python), "-m", "model_server", *arguments]
        pipe = subprocess.PIPE
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows has it
        # Blender's own Python settings must not leak into another Python.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
        try:
            return subprocess.Popen(
                command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=environment,
                # Never Blender's own folder, where files could hide the server's modules.
                cwd=find_checkout(self.python) or self.python.parent,
                creationflags=flags,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise ServerError(f"{self.python} cannot be run ({error}).", _SETTING) from error

    def _follow(self, stream: IO[str] | None, take: Callable[[str], object]) -> None:
        assert stream is not None
        threading.Thread(target=_read_lines, args=(stream, take), daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_if_dying(self) -> None:
        """Give a server that broke off a moment to be gone, so that `is_alive` tells the truth."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(DYING_S)

    def address(self, cancelled: threading.Event) -> Address:
        """Where the server listens; waits for its handshake the first time."""
        if self._address is None:
            self._address = self._read_handshake(cancelled)
        return self._address

    def _read_handshake(self, cancelled: threading.Event) -> Address:
        deadline = time.monotonic() + HANDSHAKE_TIMEOUT_S
        while time.monotonic() < deadline:
            if cancelled.is_set():
                raise CancelledError
            try:
                return _parse_handshake(self._handshake.get(timeout=0.1))
            except queue.Empty:
                if not self.is_alive:
                    raise self._failed("The server did not start.") from None
            except (ValueError, KeyError, TypeError):
                continue  # a library that greets on standard output
        raise self._failed(f"The server did not start within {HANDSHAKE_TIMEOUT_S:.0f} s.")

    def _failed(self, message: str) -> ServerError:
        said = self.last_words()
        self.stop()
        remedy = "Press “Check” in the add-on's preferences and see its report."
        return ServerError(f"{message} It said: {said}" if said else message, remedy)

    def last_words(self) -> str:
        """The end of what the server wrote to its standard error."""
        time.sleep(0.05)  # the reader thread may be a moment behind a process that just ended
        return " / ".join(line.strip() for line in list(self._log)[-SHOWN_LINES:] if line.strip())

    def stop(self) -> None:
        """Ask by closing standard input, then insist."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(STOP_TIMEOUT_S)
        except (subprocess.TimeoutExpired, OSError):
            self._process.kill()
            self._process.wait()


def _read_lines(stream: IO[str], take: Callable[[str], object]) -> None:
    with stream:
        for line in stream:
            take(line)


def _parse_handshake(line: str) -> Address:
    answer = json.loads(line)
    return Address(str(answer["host"]), int(answer["port"]), str(answer["token"]))
