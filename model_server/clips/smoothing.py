# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen, frame by frame and with noise, to what most likely happened, at any time.

Every signal is a point that moves with a velocity which changes at random (integrated Wiener
process), seen with an error; given all of the clip its likeliest path follows exactly by a Kalman
filter forwards and a Rauch-Tung-Striebel smoother backwards, which lags behind nothing (Särkkä,
Bayesian Filtering and Smoothing, 2013, chapters 4 and 8). Frames that nobody was seen in, and times
between frames, come out of the same two passes. Signals are smoothed as much as their own noise
asks for: how large that is, the jumps between neighbouring frames tell.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array

_TOLERANCE: Final = (8.0, 2.0, 1.0)  # times the noise: outliers are told from afar first
_OUTLYING: Final = 3.0  # standard deviations: what is off by more counts less
_THIRD_DIFFERENCE: Final = 20**0.5  # of white noise with deviation 1, the deviation of this
_MEDIAN: Final = 0.6745  # of the size of a normal number
_UNKNOWN: Final = 1e4  # variance of what nobody has seen yet
_FEWEST: Final = 8  # frames from which noise can be told


@dataclass(frozen=True)
class Signals:
    """G signals of C components, seen N times."""

    seconds: Array  # (N,) ascending
    values: Array  # (N, G, C)
    trust: Array  # (N, G) 0…1, 0 where it was not seen


@dataclass(frozen=True)
class Agility:
    """What is known of signals beforehand."""

    restless: Array  # (G,) spectral density of the acceleration: units² a second³
    noise: Array  # (G,) standard deviation of what is seen clearly, units


def noise_of(signals: Signals, expected: Array) -> Array:
    """(G,) standard deviations of the noise of single frames, by third differences of whoever moves
    smoothly; between a third and three times what is expected (G,), and this where frames are few.
    """
    seen = signals.trust > 0.5
    noises = expected.copy()
    for g in range(len(expected)):
        rows = np.flatnonzero(seen[:, g])
        if len(rows) < _FEWEST:
            continue
        jumps = np.diff(signals.values[rows, g], n=3, axis=0)
        sizes = np.median(np.abs(jumps), axis=0) / (_MEDIAN * _THIRD_DIFFERENCE)
        noises[g] = np.clip(np.sqrt(np.mean(sizes**2)), expected[g] / 3, expected[g] * 3)
    return noises


def smoothed(signals: Signals, agility: Agility, at: Array) -> tuple[Array, Array]:
    """The likeliest values (M, G, C) at seconds `at` (M,), and how far each sight was believed
    (N, G), 0…1: less than its trust where it is an outlier.
    """
    nodes, where = np.unique(np.concatenate([signals.seconds, at]), return_inverse=True)
    seen, wanted = where[: len(signals.seconds)], where[len(signals.seconds) :]
    belief = signals.trust.copy()
    path = np.zeros((len(nodes), *signals.values.shape[1:]))
    for tolerance in _TOLERANCE:
        variance = np.square(tolerance * agility.noise)
        precision = np.zeros((len(nodes), belief.shape[1]))
        precision[seen] = belief / variance
        path = _path(nodes, _spread(signals.values, seen, len(nodes)), precision, agility.restless)
        off = np.square(signals.values - path[seen]).mean(axis=2) / variance
        belief = signals.trust / (1 + off * signals.trust / _OUTLYING**2)
    return path[wanted], belief


def _spread(values: Array, rows: NDArray[np.intp], count: int) -> Array:
    """Values (N, ...) as rows of an array (count, ...)."""
    spread = np.zeros((count, *values.shape[1:]))
    spread[rows] = values
    return spread


def _path(seconds: Array, values: Array, precision: Array, restless: Array) -> Array:
    """The smoothed positions (N, G, C) of values (N, G, C) seen with precision (N, G)."""
    count, groups, components = values.shape
    means, covariances = np.zeros((count, 2, groups, components)), np.zeros((count, 3, groups))
    ahead_means, ahead_covariances = np.zeros_like(means), np.zeros_like(covariances)
    first = precision.argmax(axis=0)
    mean = np.stack([values[first, np.arange(groups)], np.zeros((groups, components))])
    covariance = np.stack([np.full(groups, _UNKNOWN), np.zeros(groups), np.full(groups, _UNKNOWN)])
    steps = np.diff(seconds, prepend=seconds[:1])
    for i, step in enumerate(steps):
        mean, covariance = _moved(mean, covariance, step, restless)
        ahead_means[i], ahead_covariances[i] = mean, covariance
        mean, covariance = _seen(mean, covariance, values[i], precision[i])
        means[i], covariances[i] = mean, covariance
    for i in range(count - 2, -1, -1):
        # Only means are carried back: how sure they are nobody asks.
        a, b, c = covariances[i]
        p, q, r = ahead_covariances[i + 1]
        step = steps[i + 1]
        cross = np.array([[a + step * b, b], [b + step * c, c]])  # of now with ahead, (2, 2, G)
        determinant = p * r - q * q
        gain = np.stack(
            [
                [(row[0] * r - row[1] * q) / determinant, (row[1] * p - row[0] * q) / determinant]
                for row in cross
            ]
        )
        surprise = means[i + 1] - ahead_means[i + 1]
        means[i] += np.einsum("ijg,jgc->igc", gain, surprise)
    return means[:, 0]


def _moved(mean: Array, covariance: Array, step: float, restless: Array) -> tuple[Array, Array]:
    """Position and velocity (2, G, C) and their covariance (3, G) after some seconds."""
    a, b, c = covariance
    moved = np.stack([mean[0] + step * mean[1], mean[1]])
    grown = np.stack(
        [
            a + 2 * step * b + step**2 * c + restless * step**3 / 3,
            b + step * c + restless * step**2 / 2,
            c + restless * step,
        ]
    )
    return moved, grown


def _seen(mean: Array, covariance: Array, value: Array, precision: Array) -> tuple[Array, Array]:
    """The same once a value (G, C) is known with some precision (G,), which may be 0."""
    a, b, c = covariance
    share = precision / (1 + a * precision)
    surprise = value - mean[0]
    better = mean + np.stack([a * share, b * share])[..., None] * surprise
    return better, np.stack([a - a * a * share, b - a * b * share, c - b * b * share])
