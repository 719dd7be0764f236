# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches one file: goes on where it was cut off, and believes only the right hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..errors import InstallError
from .bundle import Source
from .failures import altered, explain

BLOCK: Final = 1 << 18
TIMEOUT_S: Final = 10.0
RANGE_REFUSED: Final = 416
PARTIAL_CONTENT: Final = 206


def download(source: Source, folder: Path, tell: Callable[[int, int], None]) -> Path:
    """Fetch a file into a folder. `tell` hears of bytes here and in all, and may raise to stop.

    What is there already is kept, also of a file that was cut off.
    """
    path = folder / source.name
    if path.is_file() and _sha256(path) == source.sha256:
        return path
    partial = path.with_name(f"{path.name}.part")
    try:
        _fetch(source.url, partial, tell)
    except (OSError, HTTPException) as error:
        raise explain(f"{source.url}: {error}", folder) from error
    if _sha256(partial) != source.sha256:
        partial.unlink()
        raise altered(source.name)
    partial.replace(path)
    return path


def _fetch(url: str, partial: Path, tell: Callable[[int, int], None]) -> None:
    here = partial.stat().st_size if partial.is_file() else 0
    request = Request(url, headers={"Range": f"bytes={here}-"} if here else {})  # noqa: S310
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - from our own lock
            goes_on = response.status == PARTIAL_CONTENT
            with partial.open("ab" if goes_on else "wb") as file:
                _copy(response, file, here if goes_on else 0, tell)
    except HTTPError as error:
        if error.code != RANGE_REFUSED:  # all of it is here already, or too much
            raise


def _copy(
    response: HTTPResponse, file: IO[bytes], here: int, tell: Callable[[int, int], None]
) -> None:
    total = here + int(response.headers.get("Content-Length") or 0)
    while block := response.read(BLOCK):
        file.write(block)
        here += len(block)
        tell(here, max(total, here))
    if here < total:
        raise InstallError(
            "The connection broke off.", "Press Install again: it goes on where it was cut off."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
