# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in a thread: it tells, ends, fails and stops."""

import threading

from hund_blender.errors import ServerError
from hund_blender.progress import Progress
from hund_blender.task import Task, Watch


def test_it_tells_how_far_it_is_and_leaves_a_report() -> None:
    told, go_on = threading.Event(), threading.Event()

    def work(watch: Watch) -> str:
        watch.note("first")
        watch.tell(0.5, "Half")
        told.set()
        go_on.wait(10)
        return "last"

    task = Task(work)
    task.start()
    assert told.wait(10)
    assert task.progress == Progress(0.5, "Half")
    assert not task.step()
    go_on.set()
    task.wait(10)
    assert task.step()
    assert task.report == ("first", "last")
    assert task.problems == []


def test_errors_are_told_with_their_remedy() -> None:
    def work(watch: Watch) -> str:
        raise ServerError("It is broken.", "Mend it.")

    task = Task(work)
    task.run()
    assert (task.problems[0].message, task.problems[0].remedy) == ("It is broken.", "Mend it.")
    assert task.report == ("Failed: It is broken. Mend it.",)


def test_mistakes_of_ours_are_told_too() -> None:
    def work(watch: Watch) -> str:
        return str(1 / 0)

    task = Task(work)
    task.run()
    assert "ZeroDivisionError" in task.problems[0].message


def test_cancelled_work_is_no_failure() -> None:
    reached = threading.Event()
    aborted = threading.Event()

    def work(watch: Watch) -> str:
        watch.on_cancel = aborted.set
        reached.set()
        aborted.wait(10)
        watch.check()
        return "never"

    task = Task(work)
    task.start()
    assert reached.wait(10)
    task.cancel()
    task.wait(10)
    assert task.was_cancelled
    assert task.report == ("Cancelled.",)
    assert task.problems == []
