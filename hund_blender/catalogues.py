# SPDX-License-Identifier: GPL-3.0-or-later
"""Catalogues of the Asset Browser, which Blender keeps in a text file beside the .blend files."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final

FILE_NAME: Final = "blender_assets.cats.txt"
PARENT: Final = "HUND"
UNNAMED: Final = "Photos"
HEADER: Final = """# This is an Asset Catalog Definition file for Blender.
#
# Empty lines and lines starting with `#` will be ignored.
# The first non-ignored line should be the version indicator.
# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"

VERSION 1
"""
_NAMESPACE: Final = uuid.UUID("5b4a2f0e-8c1d-4f57-9a36-0d7f7e1c2b94")


def catalogue_of(folder_name: str) -> str:
    """The catalogue for the photos of a folder; `:` and `/` would end a name in the file."""
    return f"{PARENT}/{folder_name.translate({ord(':'): '-', ord('/'): '-'}).strip() or UNNAMED}"


def catalogue_id(catalogue: str) -> str:
    """The same for the same catalogue everywhere: assets can name it before a file defines it."""
    return str(uuid.uuid5(_NAMESPACE, catalogue))


def define_catalogues(folder: Path, catalogues: Iterable[str]) -> bool:
    """Add the missing ones to the folder's catalogue file; whether there were any.

    With their parent, which Blender would otherwise add and then ask to save.
    """
    file = folder / FILE_NAME
    text = file.read_text(encoding="utf-8") if file.exists() else HEADER
    defined = {line.split(":")[0] for line in text.splitlines()}
    lines = [
        f"{catalogue_id(catalogue)}:{catalogue}:{catalogue.replace('/', '-')}"
        for catalogue in sorted({PARENT, *catalogues})
        if catalogue_id(catalogue) not in defined
    ]
    if lines:
        _replace(file, "\n".join([text.rstrip("\n"), "", *lines, ""]))
    return bool(lines)


def _replace(file: Path, text: str) -> None:
    """All or nothing: a catalogue file cut short would scatter somebody's whole library."""
    draft = file.with_name(f"{file.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
