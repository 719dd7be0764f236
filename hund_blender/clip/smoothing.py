# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoothing without delay that takes away jitter and keeps strikes.

A motion is taken apart into its slow part and ever finer details. Where a detail is no stronger
than jitter it is left out, where it is much stronger, as in a strike, it stays: wavelet shrinkage
with a Wiener gain. All filters are symmetric in time, so nothing comes late.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from .quaternions import continuous, exponential, inverse, logarithm, normalised, product

Array = npt.NDArray[Any]

KERNEL_REACH: Final = 3.0  # in standard deviations
FINEST_FRAMES: Final = 0.6  # details finer than this are one with the frames
DOUBT: Final = 3.0  # a detail counts from so many times the jitter's variance
QUIET_SHARE: Final = 30.0  # percentile: jitter is measured where the motion is quiet
LEAST_WINDOW_FRAMES: Final = 2.0


def blurred(values: Array, sigma_frames: float, edge: Literal["line", "mirror"] = "line") -> Array:
    """Gaussian means over the first axis of values (F, ...).

    Beyond the ends the motion goes on in line, or is mirrored, as suits what has no direction.
    """
    reach = min(int(np.ceil(KERNEL_REACH * sigma_frames)), len(values) - 1)
    if sigma_frames <= 0 or reach < 1:
        return np.array(values, float)
    before, after = values[reach:0:-1], values[-2 : -reach - 2 : -1]
    if edge == "line":
        before, after = 2 * values[0] - before, 2 * values[-1] - after
    padded = np.concatenate([before, values, after])
    kernel = _kernel(sigma_frames, reach)
    count = len(values)
    total: Array = kernel[0] * padded[reach : reach + count]
    for step, weight in enumerate(kernel[1:], start=1):
        total += weight * padded[reach - step : reach - step + count]
        total += weight * padded[reach + step : reach + step + count]
    return total


def _kernel(sigma_frames: float, reach: int) -> Array:
    """The middle and one side; the whole sums to 1."""
    side = np.exp(-0.5 * (np.arange(reach + 1) / sigma_frames) ** 2)
    kernel: Array = side / (side[0] + 2 * side[1:].sum())
    return kernel


def smoothed(values: Array, sigma_frames: float, jitter: float) -> Array:
    """Values (F, ..., D) without details below jitter, the deviation of what counts as noise.

    Noise that is stronger is measured and taken away all the same.
    """
    if sigma_frames < FINEST_FRAMES or len(values) < 3:
        return np.array(values, float)
    return _shrunk(np.asarray(values, float), _scales(sigma_frames), jitter)


def smoothed_rotations(wxyz: Array, sigma_frames: float, jitter_rad: float) -> Array:
    """Unit quaternions (F, ..., 4) smoothed likewise, whatever their signs."""
    steady = continuous(wxyz)
    if sigma_frames < FINEST_FRAMES or len(wxyz) < 3:
        return steady
    slow = normalised(blurred(steady, sigma_frames))
    away = logarithm(product(inverse(slow), steady))
    kept = _shrunk(away, _scales(sigma_frames), jitter_rad)
    return continuous(product(slow, exponential(kept)))


def _scales(sigma_frames: float) -> list[float]:
    """From the finest to the coarsest, each twice the one before."""
    count = int(np.log2(sigma_frames / FINEST_FRAMES)) + 1
    return [sigma_frames / 2**level for level in reversed(range(count))]


def _shrunk(values: Array, scales: Sequence[float], jitter: float) -> Array:
    levels = [values, *(blurred(values, scale) for scale in scales)]
    gains = _noise_gains(scales)
    details = [fine - coarse for fine, coarse in pairwise(levels)]
    noise = np.maximum(_quiet_deviation(details[0], scales[0]) / gains[0], jitter)
    kept = levels[-1]
    for detail, scale, gain in zip(details, scales, gains, strict=True):
        kept = kept + detail * _keep(detail, scale, gain * noise)
    return kept


def _keep(detail: Array, scale: float, noise: Array) -> Array:
    """How much of a detail (F, ..., D) stays, 0…1 (F, ..., 1)."""
    variance = np.maximum(_local_variance(detail, scale), np.finfo(float).tiny)
    share: Array = np.clip(1.0 - DOUBT * noise**2 / variance, 0.0, 1.0)
    return share


def _local_variance(detail: Array, scale: float) -> Array:
    window = max(2 * scale, LEAST_WINDOW_FRAMES)
    return blurred((detail**2).mean(-1, keepdims=True), window, "mirror")


def _quiet_deviation(finest: Array, scale: float) -> Array:
    """The deviation (..., 1) of the finest detail where the motion is quiet."""
    variance = np.percentile(_local_variance(finest, scale), QUIET_SHARE, axis=0)
    deviation: Array = np.sqrt(np.maximum(variance, 0.0))
    return deviation


def _noise_gains(scales: Sequence[float]) -> list[float]:
    """How strong noise of deviation 1 is in each detail."""
    reach = int(np.ceil(KERNEL_REACH * scales[-1])) + 1
    impulse = np.zeros((2 * reach + 1, 1))
    impulse[reach] = 1.0
    levels = [impulse, *(blurred(impulse, scale) for scale in scales)]
    return [float(np.linalg.norm(fine - coarse)) for fine, coarse in pairwise(levels)]
