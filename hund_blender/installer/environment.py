# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's environment: where it lies, whether it is what this release needs, its end."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from .bundle import Bundle
from .failures import explain
from .machine import Device

IS_WINDOWS: Final = os.name == "nt"


class State(Enum):
    ABSENT = "absent"
    OUTDATED = "outdated"  # made for another release, or damaged
    READY = "ready"


@dataclass(frozen=True)
class Environment:
    """A folder of our own, and what should be installed there; names are short for Windows."""

    root: Path
    bundle: Bundle | None

    @property
    def venv(self) -> Path:
        return self.root / "env"

    @property
    def python(self) -> Path:
        return self.venv / ("Scripts/python.exe" if IS_WINDOWS else "bin/python")

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def log(self) -> Path:
        return self.root / "log.txt"

    @property
    def _stamp(self) -> Path:
        return self.root / "installed.json"

    @property
    def device(self) -> Device | None:
        """What the environment was made for, None where it was not made to the end."""
        made = self._made()
        return None if made is None else made[0]

    @property
    def state(self) -> State:
        made = self._made()
        if made is None:
            return State.ABSENT
        device, identity = made
        is_current = self.bundle is None or identity == self.bundle.identity(device)
        return State.READY if is_current and self.python.is_file() else State.OUTDATED

    def _made(self) -> tuple[Device, str] | None:
        """For which device and from what the environment was made, if it was to the end."""
        try:
            stamp = json.loads(self._stamp.read_text(encoding="utf-8"))
            return Device(stamp["device"]), stamp["identity"]
        except (OSError, ValueError, KeyError):
            return None

    @property
    def has_remains(self) -> bool:
        """Whether there is something to remove."""
        return self.root.is_dir() and any(self.root.iterdir())

    def begin(self) -> None:
        """From here on it is not to be used."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._stamp.unlink(missing_ok=True)

    def finish(self, identity: str, device: Device) -> None:
        stamp = {"identity": identity, "device": device.value}
        self._stamp.write_text(json.dumps(stamp), encoding="utf-8")

    def remove(self) -> None:
        """Delete everything that was installed and fetched; the folder itself stays."""
        try:
            self._stamp.unlink(missing_ok=True)
            for path in self.root.iterdir():
                _delete(path)
        except OSError as error:
            raise explain(str(error), self.root) from error


def size_of(folder: Path) -> int:
    """Bytes in all files below a folder; what vanishes meanwhile counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(parent, name).lstat().st_size
            except OSError:
                continue
    return total


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
