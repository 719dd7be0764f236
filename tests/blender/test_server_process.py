# SPDX-License-Identifier: GPL-3.0-or-later
"""The child process: handshake, failures told in its own words, never left behind."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import child_server
import fake_uv
import pytest

from hund_blender import server_process
from hund_blender.connection import Servers, ServerSettings
from hund_blender.errors import CancelledError, ServerError
from hund_blender.installer.environment import Environment
from hund_blender.installer.machine import Device
from hund_blender.server_process import Launch, ServerProcess, find_python

PYTHON = Path(sys.executable)


@pytest.fixture
def start(tmp_path: Path) -> Callable[[str], ServerProcess]:
    return lambda program: ServerProcess(Launch(child_server.install(tmp_path, program)))


def connected(tmp_path: Path, program: str) -> tuple[Servers, Callable[[], object]]:
    """Servers that run a program, and how to connect to them again."""
    python = child_server.install(tmp_path, program)
    servers, settings = Servers(), ServerSettings(python=str(python))

    def connect() -> object:
        return servers.connect(settings, threading.Event())

    connect()
    return servers, connect


def test_handshake_is_read_past_other_output(start: Callable[[str], ServerProcess]) -> None:
    child = start(child_server.UNTIL_STDIN_CLOSES)
    address = child.address(threading.Event())
    assert (address.host, address.port, address.token) == ("127.0.0.1", 1234, "abc")
    assert child.last_words() == "loading"
    child.stop()
    assert not child.is_alive


def test_a_deaf_child_is_killed(
    start: Callable[[str], ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "STOP_TIMEOUT_S", 0.2)
    child = start(child_server.DEAF)
    child.address(threading.Event())
    child.stop()
    assert not child.is_alive


def test_a_broken_server_is_quoted(start: Callable[[str], ServerProcess]) -> None:
    child = start(child_server.BROKEN)
    with pytest.raises(ServerError, match="No module named onnxruntime") as caught:
        child.address(threading.Event())
    assert "“Check”" in caught.value.remedy


def test_a_silent_server_is_given_up(
    start: Callable[[str], ServerProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "HANDSHAKE_TIMEOUT_S", 0.3)
    child = start(child_server.SILENT)
    with pytest.raises(ServerError, match="within"):
        child.address(threading.Event())
    assert not child.is_alive


def test_waiting_for_a_silent_server_can_be_cancelled(
    start: Callable[[str], ServerProcess],
) -> None:
    child = start(child_server.SILENT)
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    begin = time.monotonic()
    with pytest.raises(CancelledError):
        child.address(cancelled)
    assert time.monotonic() - begin < 1
    child.stop()


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    servers, again = connected(tmp_path, child_server.UNTIL_STDIN_CLOSES)
    first = servers._child
    assert first is not None
    os.kill(first._process.pid, 9)
    first._process.wait()
    again()
    assert servers._child is not first
    servers.stop()


def test_python_from_preference_then_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServerError, match="No server is set up"):
        find_python(" ")
    monkeypatch.setenv(server_process.ENVIRONMENT_VARIABLE, str(PYTHON))
    assert find_python("") == PYTHON
    with pytest.raises(ServerError, match="There is no Python") as caught:
        find_python(str(tmp_path / "missing"))
    assert "preferences" in caught.value.remedy


def test_installed_python_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = fake_uv.make_bundle(tmp_path / "zip")
    installed = Environment(tmp_path / "server", bundle)
    with pytest.raises(ServerError, match="No server is set up") as caught:
        find_python("", installed)
    assert "Install Model Server" in caught.value.remedy
    installed.python.parent.mkdir(parents=True)
    installed.python.touch()
    installed.finish(bundle.identity(Device.CPU), Device.CPU)
    assert find_python("", installed) == installed.python
    assert find_python(str(PYTHON), installed) == PYTHON
    monkeypatch.setenv(server_process.ENVIRONMENT_VARIABLE, str(PYTHON))
    assert find_python("", installed) == PYTHON
    monkeypatch.delenv(server_process.ENVIRONMENT_VARIABLE)
    fake_uv.write_wheel(bundle.folder, "another release")
    with pytest.raises(ServerError, match="of another release") as caught:
        find_python("", installed)
    assert "Update Model Server" in caught.value.remedy


def test_a_file_that_cannot_run(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_bytes(b"\0not a program")
    program.chmod(0o755)
    with pytest.raises(ServerError, match="cannot be run"):
        ServerProcess(Launch(program))


def test_a_new_import_after_a_cancelled_one_gets_the_handshake(tmp_path: Path) -> None:
    python = child_server.install(tmp_path, child_server.SLOW)
    servers, settings = Servers(), ServerSettings(python=str(python))
    cancelled = threading.Event()

    def give_up() -> None:
        with pytest.raises(CancelledError):
            servers.connect(settings, cancelled)

    first = threading.Thread(target=give_up)
    first.start()
    time.sleep(0.1)
    cancelled.set()
    assert servers.connect(settings, threading.Event()).address.port == 1234
    first.join()
    servers.stop()


def test_a_server_that_broke_off_and_is_about_to_go_is_replaced(tmp_path: Path) -> None:
    servers, again = connected(tmp_path, child_server.DYING)
    dying = servers._child
    servers.broke_off()
    again()
    assert servers._child is not dying
    servers.stop()


def test_a_server_that_broke_off_and_lives_on_is_kept(tmp_path: Path) -> None:
    servers, again = connected(tmp_path, child_server.UNTIL_STDIN_CLOSES)
    living = servers._child
    servers.broke_off()
    again()
    assert servers._child is living
    servers.stop()


def test_the_own_detector_is_handed_to_the_child(tmp_path: Path) -> None:
    python = child_server.install(tmp_path, child_server.TELLS_ARGUMENTS)
    servers = Servers()
    told = []
    for name in ("", "mine.onnx", "mine.onnx", "other.onnx"):
        detector = tmp_path / name if name else None
        if detector is not None:
            detector.touch()
        settings = ServerSettings(python=str(python), detector=str(detector or ""))
        address = servers.connect(settings, threading.Event()).address
        told.append(address.token)
    arguments = ["serve", "--port", "0", "--exit-with-stdin"]
    assert told[0].split("|")[1:] == arguments
    assert told[1].split("|")[1:] == [*arguments, "--detector", str(tmp_path / "mine.onnx")]
    assert told[2] == told[1]  # the same child
    assert told[3].split("|")[-1] == str(tmp_path / "other.onnx")
    servers.stop()


def test_the_smplx_model_is_handed_to_the_child(tmp_path: Path) -> None:
    python = child_server.install(tmp_path, child_server.TELLS_ARGUMENTS)
    (tmp_path / "SMPLX_NEUTRAL.npz").touch()
    servers = Servers()
    settings = ServerSettings(python=str(python), smplx=str(tmp_path / "SMPLX_NEUTRAL.npz"))
    told = servers.connect(settings, threading.Event()).address.token
    assert told.split("|")[-2:] == ["--smplx", str(tmp_path / "SMPLX_NEUTRAL.npz")]
    servers.stop()
    gone = ServerSettings(python=str(python), smplx=str(tmp_path / "gone.npz"))
    with pytest.raises(ServerError, match=r"There is no model of SMPL-X at .*gone\.npz") as caught:
        Servers().connect(gone, threading.Event())
    assert "“SMPL-X Model”" in caught.value.remedy


def test_a_detector_that_is_not_there_is_told_before_a_server_starts(tmp_path: Path) -> None:
    settings = ServerSettings(python=str(PYTHON), detector=str(tmp_path / "gone.onnx"))
    with pytest.raises(ServerError, match=r"There is no detector at .*gone\.onnx") as caught:
        Servers().connect(settings, threading.Event())
    assert "“Own Detector”" in caught.value.remedy
