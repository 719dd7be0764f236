# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for the array types that travel between the files of this package."""

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
