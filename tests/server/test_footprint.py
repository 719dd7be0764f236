# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory that the server reports is what it holds."""

import os
import sys
from pathlib import Path

import pytest

from model_server import footprint


def test_the_second_number_counts_the_resident_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = 300 * 2**20 // os.sysconf("SC_PAGE_SIZE")
    told = tmp_path / "statm"
    told.write_text(f"{pages * 4} {pages} 800 1 0 900 0\n")
    monkeypatch.setattr(footprint, "_STATM", told)
    assert footprint.resident_mb() == 300


def test_a_system_that_does_not_tell_is_not_guessed_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footprint, "_STATM", tmp_path / "not there")
    assert footprint.resident_mb() is None


# Not by how much one array makes it grow: kernels count in batches and hand pages back late.
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell it so simply")
def test_a_running_python_with_numpy_holds_some_memory() -> None:
    held = footprint.resident_mb()
    assert held is not None
    assert held > 10
