# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches prepared by processes of their own, so that the network need not wait for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

B = TypeVar("B")


class _Endless(IterableDataset[B]):
    """Batches without end, others in every process."""

    def __init__(self, prepare: Callable[[np.random.Generator], B], seed: int) -> None:
        self.prepare = prepare
        self.seed = seed

    def __iter__(self) -> Iterator[B]:
        process = get_worker_info()
        rng = np.random.default_rng((self.seed, process.id if process else 0))
        while True:
            yield self.prepare(rng)


def ahead(
    prepare: Callable[[np.random.Generator], B], seed: int, processes: int | None = None
) -> Iterator[B]:
    """Batches without end, prepared by processes of their own while others are used; with 0
    processes each when it is asked for. Without a number, as many as keep a GPU busy, else one.
    """
    if processes is None:
        processes = max((os.cpu_count() or 1) - 1, 1) if torch.cuda.is_available() else 1
    loader = DataLoader(
        _Endless(prepare, seed),
        batch_size=None,
        num_workers=processes,
        worker_init_fn=_alone,
    )
    return iter(loader)


def _alone(_: int) -> None:
    """Processes side by side need no threads."""
    cv2.setNumThreads(0)
