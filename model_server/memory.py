# SPDX-License-Identifier: GPL-3.0-or-later
"""The last photos that were looked at, without their pixels, so that they can be corrected."""

from collections import OrderedDict
from dataclasses import replace

from model_server.errors import ForgottenError
from model_server.estimate import Estimate


class Memory:
    """Keeps so many estimates by their identity, those that were asked for last. For one thread."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._estimates: OrderedDict[str, Estimate] = OrderedDict()

    def keep(self, estimate: Estimate) -> None:
        self._estimates[estimate.id] = replace(estimate, thumbnails=())
        self._estimates.move_to_end(estimate.id)
        while len(self._estimates) > self._capacity:
            self._estimates.popitem(last=False)

    def recall(self, identity: str) -> Estimate:
        if identity not in self._estimates:
            raise ForgottenError(
                "The server does not remember this photo.", "Send the photo again, then correct it."
            )
        self._estimates.move_to_end(identity)
        return self._estimates[identity]
