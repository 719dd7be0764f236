# SPDX-License-Identifier: GPL-3.0-or-later
import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "blender"))

import pytest
from blender_session import ROOT, empty_file, pytest_sessionfinish, pytest_unconfigure

from hund_blender.importing import SERVERS

__all__ = ["empty_file", "pytest_sessionfinish", "pytest_unconfigure"]


@pytest.fixture(autouse=True)
def server_stopped_at_the_end() -> Iterator[None]:
    yield
    SERVERS.stop()


@pytest.fixture(scope="session")
def server_python() -> Iterator[Path]:
    """The server's own environment, from HUND_SERVER_PYTHON."""
    if not os.environ.get("HUND_SERVER_PYTHON"):
        pytest.skip("HUND_SERVER_PYTHON does not name the server's python")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # the server is run from this working tree
        yield Path(os.environ["HUND_SERVER_PYTHON"])


@pytest.fixture(scope="session")
def photos(server_python: Path) -> list[Path]:
    """A portrait that ships inside matplotlib, and our own picture of a whole person."""
    (portrait,) = server_python.parents[1].glob(
        "lib/python*/site-packages/matplotlib/**/grace_hopper.jpg"
    )
    return [portrait, ROOT / "docs" / "pictures" / "full_body.jpg"]
