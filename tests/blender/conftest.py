# SPDX-License-Identifier: GPL-3.0-or-later
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from blender_session import body, empty_file, pytest_sessionfinish, pytest_unconfigure

__all__ = ["body", "empty_file", "pytest_sessionfinish", "pytest_unconfigure"]


@pytest.fixture(autouse=True)
def no_server_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUND_SERVER_PYTHON", raising=False)
