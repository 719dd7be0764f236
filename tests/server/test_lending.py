# SPDX-License-Identifier: GPL-3.0-or-later
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from model_server.lending import Lender


class Fragile:
    """Breaks when two threads use it at once."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self.closed = False

    def work(self) -> None:
        assert self.busy.acquire(blocking=False)
        time.sleep(0.001)
        self.busy.release()

    def close(self) -> None:
        self.closed = True


def test_one_thread_at_a_time_has_a_detector_and_all_are_used() -> None:
    lender, used = Lender(Fragile, 2), set[Fragile]()

    def work(_: int) -> None:
        with lender.lent() as detector:
            used.add(detector)
            detector.work()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(40)))
    assert len(used) == 2
    lender.close()
    assert all(detector.closed for detector in used)


def test_a_detector_comes_back_from_whoever_fails() -> None:
    lender = Lender(Fragile, 1)
    with pytest.raises(ValueError, match="no"), lender.lent():
        raise ValueError("no")
    with lender.lent() as detector:
        detector.work()
