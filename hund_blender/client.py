# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks docs/protocol.md to a server: bytes of a photo out, an Estimate back, readable errors."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from .body import Body
from .errors import (
    CancelledError,
    ForgottenError,
    HundError,
    PhotoError,
    ServerError,
    ServerLostError,
)
from .estimate import Estimate, Person, parse_estimate, parse_person

CONNECT_TIMEOUT_S: Final = 10.0
ANSWER_TIMEOUT_S: Final = 180.0
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
CONTENT_TYPES: Final = {"/correct": "application/json"}  # by route, where it is not a photo
# Codes of docs/protocol.md that speak of one photo; all others concern every photo.
PHOTO_CODES: Final = frozenset(
    {"too_large", "not_an_image", "unsupported_format", "damaged_image", "bad_request"}
)


@dataclass(frozen=True)
class Address:
    """Where a server listens and the token it wants."""

    host: str
    port: int
    token: str
    secure: bool = False

    @property
    def is_loopback(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_address(text: str, token: str) -> Address:
    """`host:port` or `http(s)://host:port`."""
    with_scheme = text.strip() if "://" in text else f"http://{text.strip()}"
    remedy = "Write the server's address as host:port in the add-on's preferences."
    try:
        parts = urlsplit(with_scheme)
        default_port = DEFAULT_PORTS[parts.scheme]
        port = parts.port or default_port
    except (ValueError, KeyError) as error:
        raise ServerError(f"“{text}” is no server address.", remedy) from error
    if not parts.hostname:
        raise ServerError(f"“{text}” is no server address.", remedy)
    return Address(parts.hostname, port, token.strip(), parts.scheme == "https")


@dataclass(frozen=True)
class Question:
    """What is asked of every photo."""

    max_people: int = 8
    focal_35mm: float | None = None  # where the artist knows the lens better than the file

    def query(self) -> str:
        fields = {"max_people": self.max_people, "focal_35mm": self.focal_35mm}
        return urlencode({name: value for name, value in fields.items() if value is not None})


DEFAULT_QUESTION: Final = Question()


class Client:
    """One conversation; `abort` may come from another thread and ends a request in moments."""

    def __init__(self, address: Address, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.address = address
        self._answer_timeout_s = answer_timeout_s
        self._connection: HTTPConnection | None = None
        self._aborted = False

    def health(self) -> dict[str, Any]:
        return _json(self._request("GET", "/health"))

    def body(self, rig: str = "anny") -> Body:
        return Body.load(io.BytesIO(self._request("GET", f"/body?{urlencode({'rig': rig})}")))

    def estimate(self, image_file: bytes, question: Question = DEFAULT_QUESTION) -> Estimate:
        """All people in the bytes of an image file."""
        query = question.query()
        return parse_estimate(_json(self._request("POST", f"/estimate?{query}", image_file)))

    def correct(self, correction: Mapping[str, Any]) -> Person:
        """Somebody the server has seen before, in the light of what is known better."""
        return parse_person(
            _json(self._request("POST", "/correct", json.dumps(correction).encode()))
        )

    def abort(self) -> None:
        self._aborted = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was closed already

    def _request(self, method: str, target: str, body: bytes | None = None) -> bytes:
        if self._aborted:
            raise CancelledError
        connect = HTTPSConnection if self.address.secure else HTTPConnection
        self._connection = connect(self.address.host, self.address.port, timeout=CONNECT_TIMEOUT_S)
        try:
            self._connect()
            return self._exchange(self._connection, method, target, body)
        finally:
            self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        assert self._connection is not None
        try:
            self._connection.connect()
        except OSError as error:
            raise self._failure(
                f"No server answers at {self.address} ({error}).", lost=False
            ) from error
        if self._aborted:  # before there was a socket to shut down
            raise CancelledError
        self._connection.sock.settimeout(self._answer_timeout_s)

    def _exchange(
        self, connection: HTTPConnection, method: str, target: str, body: bytes | None
    ) -> bytes:
        headers = {
            "Authorization": f"Bearer {self.address.token}",
            "Content-Type": CONTENT_TYPES.get(target, "application/octet-stream"),
        }
        try:
            _send(connection, method, target, body, headers)
            response = connection.getresponse()
            content = response.read()
        except TimeoutError as error:
            raise self._failure(
                f"The server did not answer within {self._answer_timeout_s:.0f} s."
            ) from error
        except (OSError, HTTPException) as error:
            raise self._failure("The server stopped while it was working.") from error
        if response.status >= 400:
            raise _refusal(response, content)
        return content

    def _failure(self, message: str, *, lost: bool = True) -> HundError:
        if self._aborted:
            return CancelledError()
        if lost:
            return ServerLostError(
                message,
                "Import the photo again; the server starts anew. A smaller copy needs less memory.",
            )
        return ServerError(
            message, "Start the server there and check its address in the add-on's preferences."
        )


def _send(
    connection: HTTPConnection,
    method: str,
    target: str,
    body: bytes | None,
    headers: dict[str, str],
) -> None:
    try:
        connection.request(method, target, body, headers)
    except (BrokenPipeError, ConnectionResetError):
        return  # a server may refuse before it has read everything; its answer says why


def _json(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise ServerError(
            "Something else than a HUND server answered.", "Check the server's address."
        ) from error
    if not isinstance(answer, dict):
        raise ServerError(
            "Something else than a HUND server answered.", "Check the server's address."
        )
    return answer


def _refusal(response: HTTPResponse, content: bytes) -> HundError:
    """The server's own words where it has some, else ours."""
    try:
        detail = json.loads(content)["detail"]
        code, message, remedy = str(detail["code"]), str(detail["message"]), str(detail["remedy"])
    except (ValueError, KeyError, TypeError):
        message = f"The server refused with {response.status} {response.reason}."
        return ServerError(
            message, "Check the server's address and that it is a HUND server of this release."
        )
    if code == "unauthorized":
        remedy = "Copy the token that the server was started with into the add-on's preferences."
    if code == "forgotten":
        return ForgottenError(message, remedy)
    return PhotoError(message, remedy) if code in PHOTO_CODES else ServerError(message, remedy)
