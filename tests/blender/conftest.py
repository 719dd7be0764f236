# SPDX-License-Identifier: GPL-3.0-or-later
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from blender_session import body, empty_file, pytest_sessionfinish, pytest_unconfigure

__all__ = ["body", "empty_file", "pytest_sessionfinish", "pytest_unconfigure"]

os.environ.pop("HUND_SERVER_PYTHON", None)
