# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's own cases; whole imports are in test_import.py."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import local_server
import pytest
from local_server import Reply

from hund_blender.body import Body
from hund_blender.client import Address, Client, parse_address
from hund_blender.errors import CancelledError, ServerError, ServerLostError


@pytest.mark.parametrize(
    ("text", "host", "port", "secure"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000, False),
        (" studio:80 ", "studio", 80, False),
        ("https://people.example", "people.example", 443, True),
        ("http://[::1]:9", "::1", 9, False),
    ],
)
def test_addresses(text: str, host: str, port: int, secure: bool) -> None:
    assert parse_address(text, " t ") == Address(host, port, "t", secure)


@pytest.mark.parametrize("text", ["host:port", "ftp://x:1", "http://", ":80", "a:99999"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ServerError) as caught:
        parse_address(text, "")
    assert "host:port" in caught.value.remedy


def test_loopback() -> None:
    assert parse_address("127.0.0.1:1", "").is_loopback
    assert parse_address("localhost:1", "").is_loopback
    assert not parse_address("192.168.0.2:1", "").is_loopback


def test_body_arrives_whole(body: Body) -> None:
    with local_server.running(lambda _: (200, {})) as server:
        received = Client(parse_address(server.address, local_server.TOKEN)).body()
    assert received.bone_names == body.bone_names
    assert all((received.arrays[key] == body.arrays[key]).all() for key in body.arrays)


@contextmanager
def hanging_up() -> Iterator[Address]:
    """A server that reads a little and closes, as one that is killed."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    yield Address("127.0.0.1", listener.getsockname()[1], "t")
    listener.close()


def test_server_that_dies_in_the_middle() -> None:
    with hanging_up() as address, pytest.raises(ServerLostError) as caught:
        Client(address).estimate(os.urandom(100))
    assert "again" in caught.value.remedy


def test_server_that_takes_too_long() -> None:
    def slow(_: bytes) -> Reply:
        time.sleep(2)
        return 200, {}

    with local_server.running(slow) as server:
        client = Client(parse_address(server.address, local_server.TOKEN), answer_timeout_s=0.2)
        with pytest.raises(ServerLostError, match="within"):
            client.estimate(b"photo")


def test_refusal_before_everything_was_read() -> None:
    """A server may answer 413 and close while the photo is still being sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    text = b'{"detail": {"code": "too_large", "message": "Too large.", "remedy": "Scale it down."}}'

    def refuse() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 x\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass
        connection.close()

    threading.Thread(target=refuse, daemon=True).start()
    client = Client(Address("127.0.0.1", listener.getsockname()[1], "t"))
    with pytest.raises(Exception, match="Too large"):
        client.estimate(bytes(20_000_000))
    listener.close()


def test_something_else_answers() -> None:
    with local_server.running(lambda _: (404, {"error": "what?"})) as server:
        client = Client(parse_address(server.address, local_server.TOKEN))
        with pytest.raises(ServerError, match="404"):
            client.estimate(b"photo")


def test_abort_before_the_request() -> None:
    client = Client(Address("127.0.0.1", 9, "t"))
    client.abort()
    with pytest.raises(CancelledError):
        client.health()
