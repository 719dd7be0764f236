# SPDX-License-Identifier: GPL-3.0-or-later
"""The server as the add-on sees it: a process with one line on its standard output."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

import model_server
from model_server.cli import main
from tests.server.doubles import Client
from tests.server.pictures import GRACE_HOPPER

ROOT = Path(model_server.__file__).parents[1]
START = """
import sys, pathlib
from model_server import settings, serve
options = settings.Settings(assets=pathlib.Path(sys.argv[1]), token="t", exit_with_stdin=True)
serve.serve(options)
"""


@contextmanager
def started(assets: Path) -> Iterator[tuple[subprocess.Popen[bytes], Client]]:
    command = [sys.executable, "-c", START, str(assets)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        try:
            handshake = json.loads(process.stdout.readline())
            assert handshake["hund_server"] == model_server.__version__
            assert handshake["host"] == "127.0.0.1"
            yield process, Client(handshake["port"], handshake["token"])
        finally:
            process.kill()


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_it_answers_and_ends_when_its_input_closes(tiny_assets: Path) -> None:
    with started(tiny_assets) as (process, client):
        answer = client.ask("POST", "/estimate", GRACE_HOPPER.read_bytes())
        assert len(answer.json["people"]) == 1
        process.stdin.close()
        assert ended_within(process, 5)
        assert process.stdout.read() == b""  # nothing but the handshake is ever written there


def test_it_ends_in_the_middle_of_a_request(tiny_assets: Path) -> None:
    with started(tiny_assets) as (process, client):
        photo = GRACE_HOPPER.read_bytes()
        asking = [threading.Thread(target=_ask_in_vain, args=(client, photo)) for _ in range(8)]
        for thread in asking:
            thread.start()
        time.sleep(0.1)
        process.stdin.close()
        assert ended_within(process, 5)
        for thread in asking:
            thread.join()


def _ask_in_vain(client: Client, photo: bytes) -> None:
    with suppress(OSError, HTTPException):
        client.ask("POST", "/estimate", photo)


def test_a_taken_port_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_server.serve.pipeline_of", lambda *_, **__: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "Choose another port" in told


def test_estimate_needs_a_file_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "no-such-photo.jpg"]) == 1
    assert "no-such-photo.jpg" in capsys.readouterr().err
