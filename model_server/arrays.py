# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for the array types that travel between the files of this package, and their rows."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
ImageArray = NDArray[np.uint8]  # (H, W, 3) RGB
RGBAArray = NDArray[np.uint8]  # (H, W, 4)

Batch = TypeVar("Batch", bound=Any)  # a dataclass of arrays (B, ...)


def rows_of(batch: Batch, rows: Sequence[int]) -> Batch:
    """Some rows of a dataclass of arrays."""
    chosen = {field.name: getattr(batch, field.name)[list(rows)] for field in fields(batch)}
    return replace(batch, **chosen)


def with_row(batch: Batch, row: int, **values: NDArray[Any]) -> Batch:
    """A dataclass of arrays in which some fields have other values in one row."""
    changed: dict[str, NDArray[Any]] = {}
    for name, value in values.items():
        changed[name] = getattr(batch, name).copy()
        changed[name][row] = value
    return replace(batch, **changed)
