# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest

from model_server.camera import camera_of
from model_server.errors import ForgottenError
from model_server.estimate import Estimate
from model_server.memory import Memory


def photo(name: str) -> Estimate:
    return Estimate(name, 60, 40, camera_of(60, 40), (), {})


def test_those_asked_for_last_are_kept() -> None:
    memory = Memory(2)
    for name in ("first", "second"):
        memory.keep(photo(name))
    assert memory.recall("first").id == "first"
    memory.keep(photo("third"))
    assert memory.recall("first").id == "first"
    with pytest.raises(ForgottenError) as caught:
        memory.recall("second")
    assert caught.value.remedy
    memory.keep(photo("second"))
    assert memory.recall("second")


def test_pixels_are_not_kept() -> None:
    memory = Memory(2)
    memory.keep(replace(photo("party"), thumbnails=(np.zeros((8, 8, 4), np.uint8),)))
    assert memory.recall("party").thumbnails == ()
