# SPDX-License-Identifier: GPL-3.0-or-later
"""Few keys that play back almost the same: Douglas and Peucker's way, for all channels at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
SIFTED: Final = 2  # times that needless keys are looked for

Error = Callable[[Array, Array], Array]  # of played and wanted values (..., C): (...,)


def played(values: Array, slopes: Array | None, keyed: Array) -> Array:
    """What keys at keyed (F, N) play of values (F, N, C): straight lines, or cubic with slopes.

    The first and the last frame have keys. Slopes (F, N, C) are per frame; they are what handles of
    a third of the way to the next key stand for.
    """
    before, after = _neighbours(keyed)
    column = np.arange(values.shape[1])
    length = (after - before)[..., None]
    share = (np.arange(len(values))[:, None] - before)[..., None] / np.maximum(length, 1)
    start, end = values[before, column], values[after, column]
    if slopes is None:
        line: Array = start + share * (end - start)
        return line
    rest = 1.0 - share
    cubic: Array = (
        rest**2 * (1.0 + 2.0 * share) * start
        + share**2 * (1.0 + 2.0 * rest) * end
        + length * share * rest * (rest * slopes[before, column] - share * slopes[after, column])
    )
    return cubic


def _neighbours(keyed: Array) -> tuple[Array, Array]:
    """For every frame and channel (F, N) the keys before, or at, and after it."""
    frames = np.arange(len(keyed))[:, None]
    before = np.maximum.accumulate(np.where(keyed, frames, 0), axis=0)
    later = np.where(keyed, frames, len(keyed) - 1)
    return before, np.minimum.accumulate(later[::-1], axis=0)[::-1]


def reduced(
    values: Array,
    slopes: Array | None,
    error: Error,
    bound: Array,
    needed: Array,
    begin_with: Array | None = None,
) -> Array:
    """Keys (F, N) that play values (F, N, C) within bounds (N,), the needed ones among them.

    Keys are added where a channel is worst, in all pieces between keys at once, until all is within
    bounds; then those that turned out to be needless are taken away. It is faster to begin with the
    keys for looser bounds.
    """
    keyed = needed.copy() if begin_with is None else begin_with.copy()
    keyed[[0, -1]] = True
    active = np.arange(values.shape[1])
    while len(active):
        own = keyed[:, active]
        slope = None if slopes is None else slopes[:, active]
        wrong = error(played(values[:, active], slope, own), values[:, active])
        worst = _worst(wrong, own) & (wrong > bound[active])
        keyed[:, active] |= worst
        active = active[worst.any(0)]
    for _ in range(SIFTED):
        keyed = _without_needless(values, slopes, error, bound, keyed, needed)
    return keyed


def _worst(wrong: Array, keyed: Array) -> Array:
    """Where (F, N) an error is the greatest between its two keys."""
    worst: Array = wrong == _greatest(wrong, keyed)
    return worst


def _greatest(wrong: Array, keyed: Array) -> Array:
    """For every frame (F, N) the greatest error from the key before it to the key after it."""
    by_channel, starts = wrong.T.ravel(), np.flatnonzero(keyed.T.ravel())
    lengths = np.diff([*starts.tolist(), len(by_channel)])
    greatest = np.repeat(np.maximum.reduceat(by_channel, starts), lengths)
    return greatest.reshape(wrong.T.shape).T


def _without_needless(
    values: Array, slopes: Array | None, error: Error, bound: Array, keyed: Array, needed: Array
) -> Array:
    """Every other key is left out where what plays stays within bounds without it."""
    doubtful = keyed & (np.cumsum(keyed, 0) % 2 == 0) & ~needed
    doubtful[[0, -1]] = False
    fewer = keyed & ~doubtful
    wrong = error(played(values, slopes, fewer), values)
    sifted: Array = fewer | (doubtful & (_greatest(wrong, fewer) > bound))
    return sifted
