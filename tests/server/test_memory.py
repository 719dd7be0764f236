# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from model_server.camera import camera_of
from model_server.errors import ForgottenError
from model_server.estimate import Estimate
from model_server.memory import Memory


def photo(name: str) -> Estimate:
    return Estimate(name, 60, 40, camera_of(60, 40), (), {})


def test_those_asked_for_last_are_kept() -> None:
    memory = Memory(2)
    first = photo("first")
    for estimate in (first, photo("second")):
        memory.keep(estimate)
    assert memory.recall("first") is first
    memory.keep(photo("third"))
    assert memory.recall("first") is first
    with pytest.raises(ForgottenError) as caught:
        memory.recall("second")
    assert caught.value.remedy
    memory.keep(photo("second"))
    assert memory.recall("second")
