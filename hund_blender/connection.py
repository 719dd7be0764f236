# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server to talk to: the one named in the preferences, or a child kept between imports."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .body import Body
from .client import Address, Client, parse_address
from .errors import ServerError
from .installer.environment import Environment
from .server_process import Launch, ServerProcess, find_detector, find_python, find_smplx
from .threads import holding


@dataclass(frozen=True)
class ServerSettings:
    """What the preferences say."""

    python: str = ""
    installed: Environment | None = None
    remote_address: str = ""
    remote_token: str = ""
    online_access: bool = False
    detector: str = ""  # a whole-body network in place of the server's own landmarks
    smplx: str = ""  # a model file of SMPL-X, for one more body


@dataclass(frozen=True)
class Health:
    """How a server was when it was asked last."""

    device: str  # cpu, cuda
    memory_mb: int | None

    def __str__(self) -> str:
        memory = "" if self.memory_mb is None else f", {self.memory_mb} MB"
        return f"{self.device.upper()}{memory}"


class Servers:
    """The child process and the bodies it sent."""

    def __init__(self) -> None:
        self.health: Health | None = None
        self._lock = threading.Lock()  # a cancelled job may not have let go yet
        self._child: ServerProcess | None = None
        self._bodies: dict[tuple[Address, str], Body] = {}

    def connect(self, settings: ServerSettings, cancelled: threading.Event) -> Client:
        """A client for the server of these settings, which is started if need be."""
        if settings.remote_address.strip():
            return Client(_remote(settings))
        with holding(self._lock):
            return Client(self._local(settings, cancelled))

    def _local(self, settings: ServerSettings, cancelled: threading.Event) -> Address:
        launch = Launch(
            find_python(settings.python, settings.installed),
            find_detector(settings.detector),
            find_smplx(settings.smplx),
        )
        if self._child is not None and not self._child.serves(launch):
            self.stop()
        if self._child is None:
            self._child = ServerProcess(launch)
        return self._child.address(cancelled)

    def body(self, client: Client, name: str) -> Body:
        """A body of that server, fetched once."""
        with holding(self._lock):
            known = (client.address, name)
            if known not in self._bodies:
                others = [key for key in self._bodies if key[0] != client.address]
                for key in others:
                    del self._bodies[key]
                self._bodies[known] = client.body(name)
            return self._bodies[known]

    @property
    def is_running(self) -> bool:
        """Whether there is a child."""
        child = self._child
        return child is not None and child.is_alive

    def ask_health(self, client: Client) -> None:
        answer = client.health()
        memory_mb = answer.get("memory_mb")
        self.health = Health(
            str(answer.get("device", "")), int(memory_mb) if memory_mb is not None else None
        )

    def broke_off(self) -> None:
        """A request to the server was not answered."""
        child = self._child
        if child is not None:
            child.wait_if_dying()

    def last_words(self) -> str:
        return self._child.last_words() if self._child is not None else ""

    def stop(self) -> None:
        child, self._child = self._child, None
        self.health = None
        if child is not None:
            child.stop()


def _remote(settings: ServerSettings) -> Address:
    address = parse_address(settings.remote_address, settings.remote_token)
    if not (settings.online_access or address.is_loopback):
        raise ServerError(
            f"Blender may not go online, but the server is at {address}.",
            "Turn on “Allow Online Access” in Preferences > System, or use a local server.",
        )
    return address
