# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of other tools' files as arrays, or what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ClipError

Array = npt.NDArray[Any]


def array_of(values: Any, name: str) -> Array:
    """Numbers of any shape, of which some may be unknown: NaN, or null."""
    try:
        numbers: Array = np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise ClipError(f"“{name}” is no array of numbers.", "Write it as numbers.") from error
    return numbers


def numbers_of(values: Any, name: str) -> Array:
    """Finite numbers of any shape."""
    numbers = array_of(values, name)
    if not np.isfinite(numbers).all():
        raise ClipError(
            f"“{name}” has numbers that are not finite.", "Leave out frames without a person."
        )
    return numbers


def rows_of(numbers: Array, name: str, width: int, count: int) -> Array:
    """The same as (count, width), in whatever nesting they are."""
    if numbers.size != count * width:
        raise ClipError(
            f"“{name}” has the shape {numbers.shape}; expected was ({count}, {width}).",
            "Write one row for each frame.",
        )
    return numbers.reshape(count, width)


def rate_of(numbers: Array, name: str) -> float:
    """Frames per second."""
    if numbers.size != 1 or not numbers.item() > 0:
        raise ClipError(f"“{name}” is no frame rate.", "Write frames per second there.")
    return float(numbers.item())
