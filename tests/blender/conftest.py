# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender with a home of its own, an empty file for every test, and a way out that does not hang."""

import os
import sys
import tempfile

os.environ["HOME"] = tempfile.mkdtemp(prefix="hund-home-")  # before bpy reads it: the user's settings stay untouched
os.environ.pop("HUND_SERVER_PYTHON", None)

from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import hund_blender
from hund_blender.body import Body
from hund_blender.importing import SERVERS, SLOT

_status = 0


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    global _status  # noqa: PLW0603 - the only way from this hook to the next
    _status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: Blender 4.2 crashes and 4.5 hangs when Python classes are still registered at exit."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_status)


@pytest.fixture(autouse=True)
def empty_file() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    hund_blender.register()
    yield
    hund_blender.unregister()
    assert SLOT.job is None
    SERVERS.stop()


@pytest.fixture(scope="session")
def body() -> Body:
    return Body.load(ROOT / "model_server" / "assets" / "anny.npz")
