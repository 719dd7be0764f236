# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the maps are that come with the add-on. They are only read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BONE_MAPS: Final = Path(__file__).parent / "bone_maps"
FACE_MAPS: Final = Path(__file__).parent / "face_maps"
