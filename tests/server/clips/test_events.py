# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

import pytest

from model_server.clips.events import EventLog


def test_events_are_read_from_any_point(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events")
    for number in range(5):
        log.add("frame", {"frame": number})
    assert log.count == 5
    assert b"".join(log.after(3)) == (
        b'id: 4\nevent: frame\ndata: {"frame": 3}\n\nid: 5\nevent: frame\ndata: {"frame": 4}\n\n'
    )
    assert list(log.after(5)) == list(log.after(99)) == []
    assert len(list(log.after(-1))) == 5
    assert not log.is_complete
    log.add("done", {})
    assert log.is_complete
    log.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_the_last_events_survive_a_full_disk(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events")
    log.add("frame", {"frame": 0})
    log._file.close()
    log._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    log.add("problem", {"code": "disk_full"})
    log.add("done", {})
    assert log.failure is not None
    assert [event.splitlines()[1] for event in log.after(0)] == [
        b"event: frame",
        b"event: problem",
        b"event: done",
    ]
    assert log.is_complete
    log.close()
