# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on's zip brings of the server: its wheel and locked lists of all else."""

from __future__ import annotations

import hashlib
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from ..errors import InstallError
from .machine import Device

UV_LOCK: Final = "pylock.uv.toml"


@dataclass(frozen=True)
class Source:
    """A file somewhere else, and what it must contain."""

    url: str
    sha256: str

    @property
    def name(self) -> str:
        return PurePosixPath(urlsplit(self.url).path).name


@dataclass(frozen=True)
class Bundle:
    """Files that scripts/lock.py and build_addon.py wrote."""

    folder: Path
    wheel: Path

    def requirements(self, device: Device) -> Path:
        return self.folder / f"{device.value}.txt"

    def uv_wheel(self, tag: str) -> Source:
        """The wheel of uv for machines of a platform tag."""
        lock = tomllib.loads((self.folder / UV_LOCK).read_text(encoding="utf-8"))
        for wheel in lock["packages"][0]["wheels"]:
            source = Source(wheel["url"], wheel["hashes"]["sha256"])
            if tag in source.name.removesuffix(".whl").split("-")[-1].split("."):
                return source
        raise InstallError(
            f"There is no uv for {tag}.", "Use a server on another machine: set its address below."
        )

    def identity(self, device: Device) -> str:
        """Changes when the environment should be made anew; quick, since it is asked in draw()."""
        with zipfile.ZipFile(self.wheel) as archive:
            record = next(name for name in archive.namelist() if name.endswith("/RECORD"))
            files = archive.read(record)  # every file's hash
        return hashlib.sha256(files + self.requirements(device).read_bytes()).hexdigest()


def find_bundle(folder: Path) -> Bundle | None:
    """The bundle in a folder; the thin edition of the add-on brings none."""
    wheels = sorted(folder.glob("hund-*.whl"))
    return Bundle(folder, wheels[-1]) if wheels else None
