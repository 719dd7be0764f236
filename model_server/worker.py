# SPDX-License-Identifier: GPL-3.0-or-later
"""One thread for the heavy work, and a line of bounded length in front of it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from model_server.errors import BusyError

T = TypeVar("T")


class Worker:
    """Runs jobs one after the other in the order they came. To be used from one event loop."""

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._jobs = 0  # at work and waiting
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker")

    async def run(self, job: Callable[[], T]) -> T:
        if self._jobs > self._max_waiting:
            raise BusyError("Too many photos are waiting already.", "Try again in a few seconds.")
        self._jobs += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)
        finally:
            self._jobs -= 1

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
