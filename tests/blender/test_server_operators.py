# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be pressed in the preferences, with a program in place of uv."""

from collections.abc import Iterator
from pathlib import Path

import bpy
import child_server
import fake_uv
import pytest

from hund_blender import server_operators
from hund_blender.connection import ServerSettings
from hund_blender.importing import SERVERS
from hund_blender.installer.environment import Environment, State
from hund_blender.preferences import is_set_up
from hund_blender.server_panel import state_of_server
from hund_blender.server_tasks import TASKS
from hund_blender.task import Task, Watch


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    found = Environment(tmp_path / "server", fake_uv.make_bundle(tmp_path / "zip"))
    monkeypatch.setattr(server_operators, "find_environment", lambda: found)
    return found


@pytest.fixture
def online() -> Iterator[None]:
    bpy.context.preferences.system.use_online_access = True
    yield
    bpy.context.preferences.system.use_online_access = False


def test_installing_asks_whether_blender_may_go_online(environment: Environment) -> None:
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        bpy.ops.hund.install_server()
    assert environment.state is State.ABSENT


@pytest.mark.usefixtures("online")
def test_install_then_remove(environment: Environment) -> None:
    assert bpy.ops.hund.install_server(device="CPU") == {"FINISHED"}
    assert environment.state is State.READY
    assert is_set_up(ServerSettings(installed=environment))
    assert TASKS.last is not None
    assert bpy.app.version_string in TASKS.last.report[0]
    assert bpy.ops.hund.copy_report() == {"FINISHED"}
    assert bpy.ops.hund.remove_server() == {"FINISHED"}
    assert not environment.has_remains
    assert not is_set_up(ServerSettings(installed=environment))


@pytest.mark.usefixtures("online", "environment")
def test_failure_is_kept_for_the_preferences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_UV", "offline")
    assert bpy.ops.hund.install_server() == {"CANCELLED"}
    assert "network did not answer" in TASKS.problems[0].message


@pytest.mark.usefixtures("environment")
def test_what_takes_long_can_be_cancelled() -> None:
    def work(watch: Watch) -> str:
        watch.cancelled.wait(10)
        watch.check()
        return "never"

    assert not bpy.ops.hund.cancel_server_task.poll()
    task = Task(work)
    TASKS.run_in_background(task, lambda _: None)
    assert not bpy.ops.hund.check_server.poll()  # one at a time
    assert bpy.ops.hund.cancel_server_task() == {"FINISHED"}
    task.wait(10)
    assert task.step()
    assert task.report == ("Cancelled.",)
    TASKS.forget()


def test_nothing_to_remove_and_nothing_to_copy() -> None:
    assert bpy.ops.hund.remove_server() == {"CANCELLED"}
    assert not bpy.ops.hund.copy_report.poll()


def test_start_and_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ServerSettings(python=str(child_server.install(tmp_path, child_server.HEALTHY)))
    monkeypatch.setattr(server_operators, "server_settings", lambda _: settings)
    assert state_of_server(settings) == "Starts with the first import"
    assert not bpy.ops.hund.stop_server.poll()
    assert bpy.ops.hund.start_server() == {"FINISHED"}
    assert state_of_server(settings) == "Running: CPU, 321 MB"
    assert bpy.ops.hund.start_server() == {"FINISHED"}
    assert bpy.ops.hund.stop_server() == {"FINISHED"}
    assert not SERVERS.is_running
    assert state_of_server(settings) == "Starts with the first import"


def test_server_that_does_not_start_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ServerSettings(python=str(child_server.install(tmp_path, child_server.BROKEN)))
    monkeypatch.setattr(server_operators, "server_settings", lambda _: settings)
    assert bpy.ops.hund.start_server() == {"CANCELLED"}
    assert "onnxruntime" in TASKS.problems[0].message
    assert not bpy.ops.hund.stop_server.poll()


def test_remote_server_is_not_ours_to_stop() -> None:
    settings = ServerSettings(remote_address="gpu.lan:8000")
    assert state_of_server(settings) == "At gpu.lan:8000"
    assert not bpy.ops.hund.stop_server.poll()


def test_check_without_a_server_says_what_to_press() -> None:
    assert bpy.ops.hund.check_server() == {"CANCELLED"}
    assert "Install Model Server" in TASKS.problems[0].remedy


@pytest.mark.usefixtures("environment")
def test_source_tree_has_no_place_to_install_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert server_operators.find_environment() is None
