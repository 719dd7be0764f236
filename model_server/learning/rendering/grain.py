# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture noise cut from one fixed bank of normal numbers: drawing a million normals per picture is
too slow."""

from __future__ import annotations

import functools

import numpy as np
from numpy.random import Generator

_BANK_SIZE = 1 << 22


def normal_grain(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal float32 numbers of a shape, starting at a random place of the bank."""
    count = int(np.prod(shape))
    start = int(rng.integers(_BANK_SIZE - count))
    return _bank()[start : start + count].reshape(shape)


@functools.cache
def _bank() -> np.ndarray:
    return np.random.default_rng(20261120).standard_normal(_BANK_SIZE, dtype=np.float32)
