# SPDX-License-Identifier: GPL-3.0-or-later
"""From settings to a listening server: the socket, the handshake line, and the end."""

import json
import logging
import os
import socket
import sys
import threading
import time
from typing import Final

import uvicorn

from model_server import __version__
from model_server.app import create_app
from model_server.errors import BadRequestError
from model_server.pipeline import pipeline_of
from model_server.settings import Settings

logger = logging.getLogger(__name__)

_GRACE_S: Final = 1.0  # to finish what is being sent before the process ends the hard way


def serve(settings: Settings) -> None:
    """Answer requests until told to stop."""
    # Loaded here and not by the app, so that a broken installation is told in one line.
    pipeline = pipeline_of(settings)
    listening = _listen(settings)
    app = create_app(settings, lambda _: pipeline)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = _Server(config, settings, listening.getsockname()[1])
    if settings.exit_with_stdin:
        threading.Thread(target=_end_with_stdin, args=[server], daemon=True).start()
    server.run(sockets=[listening])
    if not server.started:
        raise SystemExit(1)


class _Server(uvicorn.Server):
    """Prints the handshake once requests can be taken."""

    def __init__(self, config: uvicorn.Config, settings: Settings, port: int) -> None:
        super().__init__(config)
        self._settings, self._port = settings, port

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            announce(self._settings, self._port)


def announce(settings: Settings, port: int) -> None:
    """The handshake: one line on standard output that says how to reach the server."""
    handshake = {
        "hund_server": __version__,
        "host": settings.host,
        "port": port,
        "token": settings.token,
    }
    sys.stdout.write(json.dumps(handshake) + "\n")
    sys.stdout.flush()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there the option would let two servers share a port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise BadRequestError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
            "Choose another port, or 0 for a free one.",
        ) from error
    return listening


def _end_with_stdin(server: uvicorn.Server) -> None:
    """End when the parent closes our standard input or is gone, even in the middle of a request."""
    while sys.stdin is not None and os.read(sys.stdin.fileno(), 4096):
        pass
    logger.info("standard input has closed: ending")
    server.should_exit = True
    time.sleep(_GRACE_S)
    os._exit(0)  # a thread inside a network cannot be interrupted otherwise
