# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks docs/protocol.md to a server: bytes of a photo out, an Estimate back, readable errors."""

from __future__ import annotations

import io
import json
import os
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import IO, Any, Final
from urllib.parse import urlencode, urlsplit

from .body import Body
from .errors import (
    BusyError,
    CancelledError,
    ForgottenError,
    HundError,
    PhotoError,
    ServerError,
    ServerLostError,
)
from .estimate import Estimate, Person, parse_estimate, parse_person
from .keypoint_files import KeypointFile
from .rigs import OUR_BODY
from .threads import patient_file, pause

CONNECT_TIMEOUT_S: Final = 10.0
ANSWER_TIMEOUT_S: Final = 180.0
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
BUSY_STATUS: Final = 429
BUSY_S: Final = 0.5  # until a busy server is asked again, where it does not say when
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
    thumbnails: bool = False  # whether small pictures of the people are wanted, too
    keypoints: bool = False  # whether people are those of a keypoint file beside the photo

    def query(self) -> str:
        fields = {
            "max_people": self.max_people,
            "focal_35mm": self.focal_35mm,
            "thumbnails": "true" if self.thumbnails else None,
        }
        return urlencode({name: value for name, value in fields.items() if value is not None})


DEFAULT_QUESTION: Final = Question()


class _Response(HTTPResponse):
    """Read so that the thread can be stopped in the meantime."""

    def __init__(self, sock: socket.socket, *arguments: Any, **keywords: Any) -> None:
        super().__init__(sock, *arguments, **keywords)
        self.fp = patient_file(sock, self.fp)


class _Paced:
    """A long file; the thread can be stopped while it is sent."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, length: int = -1, /) -> bytes:
        pause()
        return self._file.read(length)


class Client:
    """One conversation; `abort` may come from another thread and ends a request in moments."""

    lost_remedy = (
        "Import the photo again; the server starts anew. A smaller copy needs less memory."
    )

    def __init__(self, address: Address, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.address = address
        self._answer_timeout_s = answer_timeout_s
        self._socket: socket.socket | None = None
        self._aborted = False

    def health(self) -> dict[str, Any]:
        return _json(self._request("GET", "/health"))

    def body(self, rig: str = OUR_BODY) -> Body:
        return Body.load(io.BytesIO(self._request("GET", f"/body?{urlencode({'rig': rig})}")))

    def estimate(
        self,
        image_file: bytes,
        question: Question = DEFAULT_QUESTION,
        keypoints: KeypointFile | None = None,
    ) -> Estimate:
        """All people in the bytes of an image file, or those whose keypoints are known."""
        target, content_type = f"/estimate?{question.query()}", BYTES
        if keypoints is not None:
            image_file, content_type = _with_keypoints(image_file, keypoints), JSON
        return parse_estimate(_json(self._request("POST", target, image_file, content_type)))

    def jpeg(self, image_file: bytes) -> bytes:
        """The photo as a JPEG that Blender shows as the server sees it."""
        return self._request("POST", "/jpeg", image_file)

    def correct(self, correction: Mapping[str, Any]) -> Person:
        """Somebody the server has seen before, in the light of what is known better."""
        return parse_person(
            _json(self._request("POST", "/correct", json.dumps(correction).encode(), JSON))
        )

    def abort(self) -> None:
        self._aborted = True
        line = self._socket  # a connection lets go of its own while an answer is read
        if line is not None:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was closed already

    def _request(
        self,
        method: str,
        target: str,
        body: bytes | IO[bytes] | None = None,
        content_type: str = BYTES,
    ) -> bytes:
        with self._answer(method, target, body, content_type) as response:
            return response.read()

    @contextmanager
    def _answer(
        self,
        method: str,
        target: str,
        body: bytes | IO[bytes] | None = None,
        content_type: str = BYTES,
    ) -> Iterator[HTTPResponse]:
        """The answer to read from; what goes wrong while it is read is told as ours, too."""
        if self._aborted:
            raise CancelledError
        connect = HTTPSConnection if self.address.secure else HTTPConnection
        connection = connect(self.address.host, self.address.port, timeout=CONNECT_TIMEOUT_S)
        connection.response_class = _Response
        headers = {"Authorization": f"Bearer {self.address.token}", "Content-Type": content_type}
        if body is not None and not isinstance(body, bytes):
            headers["Content-Length"] = str(os.fstat(body.fileno()).st_size)
        try:
            self._connect(connection)
            sent = body if body is None or isinstance(body, bytes) else _Paced(body)
            _send(connection, method, target, sent, headers)
            response = connection.getresponse()
            if response.status >= 400:
                raise _refusal(response, response.read())
            yield response
        except TimeoutError as error:
            raise self._failure(
                f"The server did not answer within {self._answer_timeout_s:.0f} s."
            ) from error
        except (OSError, HTTPException) as error:
            raise self._failure("The server stopped while it was working.") from error
        finally:
            connection.close()
            self._socket = None

    def _connect(self, connection: HTTPConnection) -> None:
        try:
            connection.connect()
        except OSError as error:
            raise self._failure(
                f"No server answers at {self.address} ({error}).", lost=False
            ) from error
        self._socket = connection.sock
        if self._aborted:  # before there was a socket to shut down
            raise CancelledError
        connection.sock.settimeout(self._answer_timeout_s)

    def _failure(self, message: str, *, lost: bool = True) -> HundError:
        if self._aborted:
            return CancelledError()
        if lost:
            return ServerLostError(message, self.lost_remedy)
        return ServerError(
            message, "Start the server there and check its address in the add-on's preferences."
        )


def _with_keypoints(image_file: bytes, keypoints: KeypointFile) -> bytes:
    asked = {
        "image": b64encode(image_file).decode("ascii"),
        "keypoints": keypoints.content,
        "name": keypoints.photo_name,
    }
    return json.dumps(asked).encode()


def _send(
    connection: HTTPConnection,
    method: str,
    target: str,
    body: bytes | _Paced | None,
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
    if response.status == BUSY_STATUS:
        return BusyError(message, remedy, _retry_s(response))
    if code == "forgotten":
        return ForgottenError(message, remedy)
    return PhotoError(message, remedy) if code in PHOTO_CODES else ServerError(message, remedy)


def _retry_s(response: HTTPResponse) -> float:
    try:
        return float(response.headers["Retry-After"])
    except (TypeError, ValueError):
        return BUSY_S
