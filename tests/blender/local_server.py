# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server that speaks docs/protocol.md and says what a test wants it to say."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from hund_blender.threads import POLL_S, Worker, patient_file, pause

TOKEN = "a token"
ASSET = Path(__file__).parents[2] / "model_server" / "assets" / "anny.npz"
HEALTH = {"version": "0.1.0", "device": "cpu", "providers": ["CPUExecutionProvider"]}
Reply = tuple[int, dict[str, Any]]


def error(status: int, code: str, message: str, remedy: str = "Do something else.") -> Reply:
    return status, {"detail": {"code": code, "message": message, "remedy": remedy}}


def nothing_to_correct(_: dict[str, Any]) -> Reply:
    return error(410, "forgotten", "The server does not remember this photo.")


class LocalServer(ThreadingHTTPServer):
    """`estimate` gets the bytes of the photo and returns what to reply; `correct` gets what was
    sent; both may take their time. It lives in Blender's process, so its threads stand still, too.
    """

    daemon_threads = True

    def __init__(
        self,
        estimate: Callable[[bytes], Reply],
        correct: Callable[[dict[str, Any]], Reply] = nothing_to_correct,
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.estimate = estimate
        self.correct = correct
        self.jpeg = b""  # what photos are converted to
        self.targets: list[str] = []

    def service_actions(self) -> None:
        pause()

    def process_request(self, request: Any, client_address: Any) -> None:
        Worker(lambda: self.process_request_thread(request, client_address), "request").start()

    def handle_error(self, *args: object) -> None:
        """A client that gives up is no failure here."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: LocalServer

    def setup(self) -> None:
        super().setup()
        self.rfile = patient_file(self.connection, cast("io.BufferedReader", self.rfile))

    def do_GET(self) -> None:
        if self._is_welcome():
            self.server.targets.append(self.path)
            if self.path == "/health":
                self._send_json(200, HEALTH)
            else:
                self._send(200, ASSET.read_bytes())

    def do_POST(self) -> None:
        if self._is_welcome():
            self.server.targets.append(self.path)
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/correct":
                assert self.headers["Content-Type"] == "application/json"
                self._send_json(*self.server.correct(json.loads(content)))
            elif self.path == "/jpeg":
                self._send(200, self.server.jpeg)
            else:
                self._send_json(*self.server.estimate(content))

    def _is_welcome(self) -> bool:
        if self.headers["Authorization"] == f"Bearer {TOKEN}":
            return True
        self._send_json(*error(401, "unauthorized", "The token is wrong."))
        return False

    def _send_json(self, status: int, answer: dict[str, Any]) -> None:
        self._send(status, json.dumps(answer).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def running(
    estimate: Callable[[bytes], Reply],
    correct: Callable[[dict[str, Any]], Reply] = nothing_to_correct,
) -> Iterator[LocalServer]:
    server = LocalServer(estimate, correct)
    thread = serve(server)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve(server: LocalServer) -> Worker:
    thread = Worker(lambda: server.serve_forever(POLL_S), "server")
    thread.start()
    return thread
