# SPDX-License-Identifier: GPL-3.0-or-later
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from model_server.learning.ahead import ahead


def numbers(rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.random(4))


def first(count: int, seed: int, processes: int) -> list[list[float]]:
    return [batch.tolist() for batch in islice(ahead(numbers, seed, processes), count)]


def test_seeds_tell_what_comes_whoever_prepares_it() -> None:
    assert first(3, 7, 0) == first(3, 7, 1)
    assert first(3, 7, 0) != first(3, 8, 0)


def test_processes_prepare_other_batches() -> None:
    batches = first(6, 7, 2)
    assert len({tuple(batch) for batch in batches}) == 6
    assert batches[::2] == first(3, 7, 1)
