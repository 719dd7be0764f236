# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender with a home of its own, an empty file for every test, and a way out, for conftest."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hund_blender.body import Body

ROOT = Path(__file__).parents[2]
_exit_status: list[int] = [0]

# bpy reads it when first imported, which happens later: the user's settings stay untouched.
os.environ["HOME"] = tempfile.mkdtemp(prefix="hund-home-")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _exit_status[0] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: with classes still registered Blender 4.2 crashes at exit and 4.5 hangs."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_exit_status[0])


@pytest.fixture(autouse=True)
def empty_file() -> Iterator[None]:
    import bpy

    import hund_blender

    bpy.ops.wm.read_factory_settings(use_empty=True)
    hund_blender.register()
    yield
    hund_blender.unregister()


@pytest.fixture(scope="session")
def body() -> "Body":
    from hund_blender.body import Body

    return Body.load(ROOT / "model_server" / "assets" / "anny.npz")
