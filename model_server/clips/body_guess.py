# SPDX-License-Identifier: GPL-3.0-or-later
"""One body for each person of a clip, known better with every frame that tells of it."""

from typing import Final

import numpy as np

from model_server.arrays import FloatArray
from model_server.bones import Array

_ENOUGH: Final = 6  # samples from which a body is believed
_EAGER: Final = 12  # samples until which every frame is asked, then only now and then
_EVERY: Final = 4
_MOST: Final = 400  # samples that are kept


class BodyGuess:
    """The weighted median of what single frames say of a body: frames err by much, now and then."""

    def __init__(self) -> None:
        self._samples: list[FloatArray] = []
        self._weights: list[float] = []
        self._asked, self._stride = 0, 1

    def wants_sample(self, number: int) -> bool:
        """Whether frame `number` is to be asked again what it would say by itself."""
        return len(self._samples) < _EAGER or number % _EVERY == 0

    def add(self, phenotypes: FloatArray, weight: float) -> None:
        self._asked += 1
        if self._asked % self._stride:
            return
        self._samples.append(phenotypes)
        self._weights.append(weight)
        if len(self._samples) == _MOST:  # of a long clip every other one tells as much
            self._samples, self._weights = self._samples[::2], self._weights[::2]
            self._stride *= 2

    @property
    def known(self) -> FloatArray | None:
        """Phenotypes (P,) 0…1, or nothing where too few frames have told of them."""
        return self.likeliest if len(self._samples) >= _ENOUGH else None

    @property
    def likeliest(self) -> FloatArray:
        """Phenotypes (P,) 0…1 by what there is."""
        values = np.clip(np.stack(self._samples), 0, 1)
        return weighted_median(values.astype(np.float64), np.array(self._weights))


def weighted_median(values: Array, weights: Array) -> FloatArray:
    """Of each column of values (N, P) by weights (N,): half of the weight is not above it."""
    order = np.argsort(values, axis=0)
    shares = np.cumsum(weights[order], axis=0) / weights.sum()
    rows = (shares < 0.5).sum(axis=0)
    return np.take_along_axis(values, order, 0)[rows, np.arange(values.shape[1])].astype(np.float32)
