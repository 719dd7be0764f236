# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory that the server reports is what it holds."""

import sys

import numpy as np
import pytest

from model_server.footprint import resident_mb


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell it so simply")
def test_memory_grows_with_what_is_held() -> None:
    before = resident_mb()
    held = np.ones(12_500_000)
    after = resident_mb()
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(held.nbytes / 2**20, abs=40)
