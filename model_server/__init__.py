# SPDX-License-Identifier: GPL-3.0-or-later
"""HUND's model server: one photo in, the people in it as body parameters out."""

from typing import Final

__version__: Final = "0.1.0"
