# SPDX-License-Identifier: GPL-3.0-or-later
"""The server as a child process: started, its handshake read, stopped with us."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .client import Address
from .errors import CancelledError, ServerError
from .installer.environment import Environment, State
from .threads import sleep

ENVIRONMENT_VARIABLE: Final = "HUND_SERVER_PYTHON"
HANDSHAKE_TIMEOUT_S: Final = 90.0
STOP_TIMEOUT_S: Final = 3.0
DYING_S: Final = 0.5  # a process that was killed closes its connections before it is gone
POLL_S: Final = 0.05
SHOWN_LINES: Final = 3
_SETTING: Final = (
    "Set “Server Python” in the add-on's preferences to the python of the server's environment."
)
_INSTALL: Final = "Press “Install Model Server” in the sidebar's HUND tab or in the preferences."
_UPDATE: Final = "Press “Update Model Server” in the sidebar's HUND tab or in the preferences."


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


def find_detector(preference: str) -> Path | None:
    """The detector that the preferences name."""
    remedy = "Choose its .onnx file under “Own Detector” in the add-on's preferences, or none."
    return _chosen_file(preference, "detector", remedy)


def find_smplx(preference: str) -> Path | None:
    """The model file of SMPL-X that the preferences name."""
    remedy = (
        "Choose SMPLX_NEUTRAL.npz or another one under “SMPL-X Model” in the add-on's"
        " preferences, or none."
    )
    return _chosen_file(preference, "model of SMPL-X", remedy)


def _chosen_file(preference: str, what: str, remedy: str) -> Path | None:
    if not preference.strip():
        return None
    chosen = Path(preference.strip()).expanduser()
    if not chosen.is_file():
        raise ServerError(f"There is no {what} at {chosen}.", remedy)
    return chosen.absolute()


@dataclass(frozen=True)
class Launch:
    """What a server is started with."""

    python: Path
    detector: Path | None = None
    smplx: Path | None = None

    @property
    def arguments(self) -> list[str]:
        arguments = ["serve", "--port", "0", "--exit-with-stdin"]
        if self.detector is not None:
            arguments += ["--detector", str(self.detector)]
        if self.smplx is not None:
            arguments += ["--smplx", str(self.smplx)]
        return arguments


def find_checkout(python: Path) -> Path | None:
    """The project's folder round the server's environment, where there is one.

    Run from there, the server need not be installed into its environment.
    """
    places = (folder / "model_server" / "__main__.py" for folder in python.parents)
    return next((place.parents[1] for place in places if place.is_file()), None)


class ServerProcess:
    """A running child. It ends itself when we close its standard input, even if we crash.

    What it says goes to files: pipes would take threads to read them.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._folder = TemporaryDirectory(prefix="hund-server-", ignore_cleanup_errors=True)
        self._output = Path(self._folder.name) / "output.txt"
        self._log = Path(self._folder.name) / "log.txt"
        self._address: Address | None = None
        try:
            self._process = self._start()
        except ServerError:
            self._folder.cleanup()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        python = self._launch.python
        command = [str(python), "-m", "model_server", *self._launch.arguments]
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows has it
        # Blender's own Python settings must not leak into another Python.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONHOME"}
        try:
            with self._output.open("wb") as output, self._log.open("wb") as log:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=log,
                    env=environment,
                    # Never Blender's own folder, where files could hide the server's modules.
                    cwd=find_checkout(python) or python.parent,
                    creationflags=flags,
                )
        except OSError as error:
            raise ServerError(f"{python} cannot be run ({error}).", _SETTING) from error

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def serves(self, launch: Launch) -> bool:
        """Whether it runs, and as is wanted now."""
        return self.is_alive and self._launch == launch

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
            was_alive = self.is_alive
            for line in _lines(self._output):
                with contextlib.suppress(ValueError, KeyError, TypeError):  # a library that greets
                    return _parse_handshake(line)
            if not was_alive:
                raise self._failed("The server did not start.")
            sleep(POLL_S)
        raise self._failed(f"The server did not start within {HANDSHAKE_TIMEOUT_S:.0f} s.")

    def _failed(self, message: str) -> ServerError:
        said = self.last_words()
        self.stop()
        remedy = "Press “Check” in the add-on's preferences and see its report."
        return ServerError(f"{message} It said: {said}" if said else message, remedy)

    def last_words(self) -> str:
        """The end of what the server wrote to its standard error."""
        return " / ".join(list(_lines(self._log))[-SHOWN_LINES:])

    def stop(self) -> None:
        """Ask by closing standard input, then insist."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(STOP_TIMEOUT_S)
        except (subprocess.TimeoutExpired, OSError):
            self._process.kill()
            self._process.wait()
        finally:
            self._folder.cleanup()


def _lines(file: Path) -> Iterator[str]:
    """What is in a file that is being written; nothing once it is gone."""
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    return (line.strip() for line in text.splitlines() if line.strip())


def _parse_handshake(line: str) -> Address:
    answer = json.loads(line)
    return Address(str(answer["host"]), int(answer["port"]), str(answer["token"]))
