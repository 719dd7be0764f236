# SPDX-License-Identifier: GPL-3.0-or-later
"""The check: one report of every step, to its end or to what failed."""

from typing import Any

import local_server
import made_people
import pytest
from local_server import Reply

from hund_blender.body import Body
from hund_blender.check import PICTURE, about, check
from hund_blender.client import Client, parse_address
from hund_blender.task import Task


def checked(people: list[dict[str, Any]]) -> Task:
    """A check that has ended, of a server which sees these people."""
    photos = []

    def estimate(photo: bytes) -> Reply:
        photos.append(photo)
        return 200, made_people.answer(people)

    with local_server.running(estimate) as server:
        client = Client(parse_address(server.address, local_server.TOKEN))
        task = Task(lambda watch: check(lambda _: client, watch))
        task.run()
    assert photos == [PICTURE.read_bytes()]
    return task


def test_every_step_is_in_the_report(body: Body) -> None:
    task = checked([made_people.person(body)])
    assert task.problems == []
    server, device, bones, picture, result = task.report
    assert server.startswith("Server 0.1.0 at 127.0.0.1:")
    assert device == "Networks run on cpu (CPUExecutionProvider)"
    assert bones == "Body with 104 bones"
    assert picture.startswith("Built-in picture: 1 of 1 person")
    assert result == "Everything works."


def test_a_model_of_smplx_is_told_with_what_its_body_was_made_of(
    body: Body, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = {**local_server.HEALTH, "rigs": ["anny", "smplx"]}
    monkeypatch.setattr(local_server, "HEALTH", health)
    task = checked([made_people.person(body)])
    assert f"SMPL-X model: body with 104 bones, from {body.source}" in task.report


@pytest.mark.parametrize("count", [0, 2])
def test_wrong_people_are_a_failure(body: Body, count: int) -> None:
    task = checked([made_people.person(body)] * count)
    assert "does not see the person" in task.problems[0].message
    assert task.report[-1].startswith("Failed: ")


def test_report_begins_with_the_machine() -> None:
    assert about("5.2.2").startswith("Blender 5.2.2, Python 3.")
