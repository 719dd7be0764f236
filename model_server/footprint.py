# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory the server holds."""

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")


def resident_mb() -> int | None:
    """Megabytes of memory that this process holds; None where the system does not tell."""
    if not _STATM.exists():  # Linux has it
        return None
    pages = int(_STATM.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20
