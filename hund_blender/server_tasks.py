# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing, checking and removing the server: joins the preferences, the installer and tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import bpy

from .check import PICTURE, about, check
from .connection import ServerSettings
from .importing import SERVERS
from .installer.bundle import find_bundle
from .installer.environment import Environment
from .installer.install import install
from .installer.machine import Device, Nvidia, find_nvidia
from .slot import Slot
from .task import Task, Watch
from .threads import Worker

BUNDLE: Final = Path(__file__).parent / "server"
TASKS: Final[Slot[Task]] = Slot()


def find_environment() -> Environment | None:
    """Where the server is or will be installed; None where this add-on is no extension."""
    try:
        root = bpy.utils.extension_path_user(__package__ or "", path="server")
    except ValueError:
        return None
    return Environment(Path(root), find_bundle(BUNDLE))


def install_task(environment: Environment, device: Device) -> Task:
    def work(watch: Watch) -> str:
        SERVERS.stop()  # Windows lets nobody replace what runs
        return install(environment, device, PICTURE, watch)

    return _reported(work)


def remove_task(environment: Environment) -> Task:
    def work(watch: Watch) -> str:
        SERVERS.stop()
        watch.tell(0.5, "Removing the model server")
        environment.remove()
        return "The model server was removed."

    return _reported(work)


def start_task(settings: ServerSettings) -> Task:
    def work(watch: Watch) -> str:
        watch.tell(0.2, "Starting the model server")
        SERVERS.ask_health(SERVERS.connect(settings, watch.cancelled))
        return f"The model server runs: {SERVERS.health}."

    return _reported(work)


def stop_task() -> Task:
    """In the background: a server at work takes seconds to end."""

    def work(watch: Watch) -> str:
        watch.tell(0.2, "Stopping the model server")
        SERVERS.stop()
        return "The model server was stopped."

    return _reported(work)


def check_task(settings: ServerSettings) -> Task:
    return _reported(
        lambda watch: check(lambda cancelled: SERVERS.connect(settings, cancelled), watch)
    )


def _reported(work: Callable[[Watch], str]) -> Task:
    header = about(bpy.app.version_string)

    def reported(watch: Watch) -> str:
        watch.note(header)
        return work(watch)

    return Task(reported)


class NvidiaProbe:
    """Asks once for the GPU, in a thread: the answer may take seconds."""

    def __init__(self) -> None:
        self.found: Nvidia | None = None
        self._thread = Worker(self._ask, "hund-gpu")

    @property
    def text(self) -> str:
        """What is known by now."""
        if self._thread.ident is None:
            self._thread.start()
        if self._thread.is_alive():
            return "Looking for a GPU"
        return str(self.found) if self.found is not None else "No NVIDIA GPU found"

    def _ask(self) -> None:
        self.found = find_nvidia()


PROBE: Final = NvidiaProbe()
