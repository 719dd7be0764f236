# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong in the words of a program, and what an artist can do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import InstallError

AGAIN: Final = "Then press Install again: what was fetched is kept."
QUOTED_CHARACTERS: Final = 300


@dataclass(frozen=True)
class Kind:
    """A way to fail: how programs say it, and how we do."""

    pattern: str
    message: str
    remedy: str


# The first that fits is told, so causes stand before what follows from them.
KINDS: Final = (
    Kind(
        r"no space left|os error 28\b|errno 28\b|os error 112\b|winerror 112\b"
        r"|not enough space|disk quota|os error 122\b",
        "The disk is full.",
        f"Free some gigabytes on the disk of {{folder}}. {AGAIN}",
    ),
    Kind(
        r"hash mismatch",
        "What was fetched is not what this release expects.",
        "Press Install again. If it stays so, something between you and pypi.org alters downloads:"
        " try another network.",
    ),
    Kind(
        r"certificate|unknownissuer",
        "The connection to the package registry is not trusted by this computer.",
        "A proxy or virus scanner opens secure connections: add its certificate to the system's, or"
        f" try another network. {AGAIN}",
    ),
    Kind(
        r"dns error|name or service not known|getaddrinfo|connection refused|connection reset"
        r"|network is unreachable|no route to host|error sending request|timed out|timeout"
        r"|failed to fetch|failed to download|urlopen error|http error|status code|broke off"
        r"|error decoding response body|operation was canceled",
        "The network did not answer, or not to the end.",
        "Check that this computer is online and that no firewall blocks pypi.org,"
        f" files.pythonhosted.org and github.com. {AGAIN}",
    ),
    Kind(
        r"no wheels with a matching",
        "The server cannot be installed on this system.",
        "It needs 64-bit Windows 10, macOS 14 (13 with Intel), or Linux with glibc 2.28, or newer."
        " Else use a server on another machine: set its address below.",
    ),
    Kind(
        r"dll load failed|vcruntime|msvcp140",
        "A library of Windows is missing.",
        "Install the “Microsoft Visual C++ Redistributable” (x64) from microsoft.com. " + AGAIN,
    ),
    Kind(
        r"access is denied|os error 5\b|os error 32\b|winerror 5\b|winerror 32\b"
        r"|permission denied|os error 13\b|errno 13\b|read-only file system",
        "A file cannot be written.",
        "Close other Blenders, and allow the folder {folder} in your virus scanner. " + AGAIN,
    ),
)


def explain(said: str, folder: Path) -> InstallError:
    """The error to tell for what a program said before it failed."""
    for kind in KINDS:
        if re.search(kind.pattern, said, re.IGNORECASE):
            return InstallError(kind.message, kind.remedy.format(folder=folder))
    return InstallError(
        f"The installation failed: {said.strip()[-QUOTED_CHARACTERS:]}",
        "Press Install again. If it stays so, report it with what “Copy Report” gives.",
    )


def altered(name: str) -> InstallError:
    return explain(f"hash mismatch of {name}", Path())
