# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads that stand still while an operator runs, and go on afterwards."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hund_blender import threads
from hund_blender.threads import (
    POLL_S,
    Worker,
    holding,
    patient_file,
    pause,
    sleep,
    standing_still,
)

PROJECT = Path(__file__).parents[2]
# Python's own checks end the process where its memory is touched without its lock.
AT_WORK = """
import bpy

from hund_blender.scene.restore import in_scene, editing_bones
from hund_blender.threads import Worker, pause, sleep

done = False

def work():
    while not done:
        [str(number) for number in range(100)]
        pause()

armature = bpy.data.objects.new("armature", bpy.data.armatures.new("armature"))
bpy.context.scene.collection.objects.link(armature)
def rest():
    while not done:
        sleep(0.1)

workers = [Worker(work, "worker"), Worker(rest, "rests")]
for worker in workers:
    worker.start()
for _ in range(400):
    with in_scene(bpy.context.scene) as view_layer, editing_bones(view_layer, armature):
        pass
done = True
for worker in workers:
    worker.join()
"""


@pytest.fixture(autouse=True)
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "NEEDED", True)


@pytest.fixture
def count() -> list[int]:
    return [0]


def counting(count: list[int], still: Callable[[], object]) -> Worker:
    """Counts up to 100, with a moment of `still` after every number."""

    def work() -> None:
        while count[0] < 100:
            count[0] += 1
            still()

    worker = Worker(work, "counting")
    worker.start()
    return worker


def stands(count: list[int]) -> bool:
    before = count[0]
    time.sleep(5 * POLL_S)
    return count[0] == before


@pytest.mark.parametrize("still", [pause, lambda: sleep(2 * POLL_S)], ids=["pause", "sleep"])
def test_workers_stand_still_and_go_on(count: list[int], still: Callable[[], None]) -> None:
    worker = counting(count, lambda: (time.sleep(0.001), still()))
    with standing_still():
        assert worker.stands
        assert stands(count)
        with standing_still():
            assert stands(count)
        assert stands(count)
    worker.join()
    assert count == [100]


def test_who_reads_from_a_slow_line_stands_still(count: list[int]) -> None:
    here, there = socket.socketpair()
    here.settimeout(10)
    file = patient_file(here, here.makefile("rb"))
    worker = counting(count, lambda: file.read(1))
    with here, there, file:
        with standing_still():
            there.sendall(bytes(100))
            assert stands(count)
        worker.join()
    assert count == [100]


def test_a_line_that_stays_silent_is_given_up() -> None:
    here, there = socket.socketpair()
    here.settimeout(0.05)
    with here, there, patient_file(here, here.makefile("rb")) as file:
        with pytest.raises(TimeoutError):
            file.read(1)
        there.close()
        assert file.read() == b""


def test_who_waits_for_another_stands_still(count: list[int]) -> None:
    lock = threading.Lock()

    def take() -> None:
        with holding(lock):
            count[0] += 1

    with lock:
        worker = Worker(take, "waits")
        worker.start()
        with standing_still():
            assert stands(count)
    worker.join()
    assert count == [1]
    assert not lock.locked()


def test_one_that_never_stops_is_not_waited_for_long(
    count: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PATIENCE_S", 0.05)
    worker = counting(count, lambda: time.sleep(0.005))
    begin = time.monotonic()
    with standing_still():
        assert time.monotonic() - begin < 0.5
        assert worker.is_alive()
    worker.join()


def test_operators_and_threads_do_not_break_pythons_memory() -> None:
    result = subprocess.run(
        [sys.executable, "-c", AT_WORK],
        cwd=PROJECT,
        env={"PYTHONMALLOC": "debug", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr[-2000:]
