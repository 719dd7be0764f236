# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer as a whole, with a program in place of uv: it works, fails readably, goes on."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_uv
import pytest

from hund_blender.check import PICTURE
from hund_blender.installer import environment as environment_module
from hund_blender.installer import install as install_module
from hund_blender.installer.environment import Environment, State
from hund_blender.installer.install import install
from hund_blender.installer.machine import Device, Nvidia
from hund_blender.task import Task

Run = Callable[..., Task]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    bundle = fake_uv.make_bundle(tmp_path / "zip")
    return Environment(tmp_path / "Zoë's Blender – 日本" / "server", bundle)


@pytest.fixture
def start(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Start an installation that goes as FAKE_UV says."""

    def start(how: str = "", device: Device = Device.CPU) -> Task:
        monkeypatch.setenv("FAKE_UV", how)
        task = Task(lambda watch: install(environment, device, PICTURE, watch))
        task.start()
        return task

    return start


@pytest.fixture
def run(start: Run) -> Run:
    def run(*arguments: Any) -> Task:
        task = start(*arguments)
        task.wait(30)
        return task

    return run


def calls(environment: Environment) -> list[str]:
    return (environment.root / "calls.txt").read_text().splitlines()


def test_from_nothing_to_a_server_that_understood_a_picture(
    run: Run, environment: Environment
) -> None:
    assert environment.state is State.ABSENT
    task = run()
    assert task.problems == []
    assert environment.state is State.READY
    assert environment.device is Device.CPU
    assert calls(environment) == [
        "python install", "python find", "venv --clear", "pip install", "pip install",
    ]  # fmt: skip
    assert "Installed for CPU" in task.report[-1]


@pytest.mark.parametrize(
    ("how", "message", "remedy"),
    [
        ("offline", "network did not answer", "firewall"),
        ("hash", "not what this release expects", "another network"),
        ("disk", "disk is full", "Free some gigabytes"),
        ("broken server", "library of Windows", "Visual C"),
        ("no python, no system", "Python 3.11", "python.org"),
    ],
)
def test_failure_names_the_remedy_and_the_next_try_goes_on(
    how: str, message: str, remedy: str, run: Run, environment: Environment
) -> None:
    failed = run(how)
    assert message in failed.problems[0].message
    assert remedy in failed.problems[0].remedy
    assert environment.state is State.ABSENT
    assert any("error" in line.lower() for line in failed.report)  # uv's own words, to copy
    assert run().problems == []
    assert environment.state is State.READY


def test_cancelled_at_once_and_resumed(
    start: Run, run: Run, environment: Environment, tmp_path: Path
) -> None:
    task = start("slow")
    while not (environment.root / "pid.txt").is_file():
        assert not task.step()
        time.sleep(0.01)
    begin = time.monotonic()
    task.cancel()
    task.wait(10)
    assert time.monotonic() - begin < 2
    assert task.problems == []
    assert task.report[-1] == "Cancelled."
    with pytest.raises(ProcessLookupError):
        os.kill(int((environment.root / "pid.txt").read_text()), 0)
    assert environment.state is State.ABSENT

    next((tmp_path / "zip").glob("uv-*.whl")).unlink()  # it is not fetched twice
    assert run().problems == []
    assert (environment.cache / "numpy").is_file()


def test_systems_python_where_none_can_be_fetched(run: Run, environment: Environment) -> None:
    task = run("no python")
    assert environment.state is State.READY
    assert any("the system's is used" in line for line in task.report)


def test_too_small_a_disk_is_told_before_anything_is_fetched(
    run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=300_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    problem = run().problems[0]
    assert "1.2 GB are needed" in problem.message
    assert "0.3 are free" in problem.message
    assert not (environment.root / "uv").exists()


@pytest.mark.parametrize("found", [None, Nvidia("RTX 2060", "535.1")])
def test_nvidia_needs_its_driver(
    found: Nvidia | None, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_module, "find_nvidia", lambda: found)
    assert "Choose CPU" in run("", Device.NVIDIA).problems[0].remedy


def test_nvidia_is_installed_where_it_can_be_used(
    run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_module, "find_nvidia", lambda: Nvidia("RTX 5090", "581.42"))
    run("", Device.NVIDIA)
    assert environment.device is Device.NVIDIA


def test_thin_edition_says_what_to_do(environment: Environment) -> None:
    thin = Environment(environment.root, None)
    task = Task(lambda watch: install(thin, Device.CPU, PICTURE, watch))
    task.run()
    assert "full edition" in task.problems[0].remedy


def test_another_release_or_a_lost_python_wants_an_update(
    run: Run, environment: Environment
) -> None:
    run()
    assert environment.bundle is not None
    fake_uv.write_wheel(environment.bundle.folder, "two")
    assert environment.state is State.OUTDATED
    run()
    assert environment.state is State.READY
    environment.python.unlink()
    assert environment.state is State.OUTDATED


def test_removing_leaves_nothing(run: Run, environment: Environment) -> None:
    run()
    assert environment.has_remains
    environment.remove()
    assert not environment.has_remains
    assert environment.state is State.ABSENT


def test_what_cannot_be_removed_is_told(
    run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(environment_module.shutil, "rmtree", refuse)
    task = Task(lambda _: environment.remove() or "")
    task.run()
    assert "Close other Blenders" in task.problems[0].remedy
    assert environment.state is State.ABSENT
