# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python environments of the project, each made once under `.env/` and renewed when its
requirements change.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / ".env"

# Debian packages by a library each of them brings; Blender as a module needs them, and the
# renderer needs EGL.
SYSTEM_LIBRARIES: Final = {
    "libX11.so.6": "libx11-6",
    "libXi.so.6": "libxi6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libGL.so.1": "libgl1",
    "libgomp.so.1": "libgomp1",
    "libEGL.so.1": "libegl1",
}


@dataclass(frozen=True)
class Environment:
    """A virtual environment and what goes into it."""

    name: str
    requirements: tuple[str, ...]
    version: tuple[int, int] = (3, 11)

    @property
    def python(self) -> Path:
        return FOLDER / self.name / "bin" / "python"


SERVER: Final = Environment("server", ("server",))
LEARNING: Final = Environment("learning", ("server", "learning", "check"))
BLENDER_4_2: Final = Environment("blender-4.2", ("blender-4.2",))
BLENDER_4_5: Final = Environment("blender-4.5", ("blender-4.5",))
BLENDER_5_2: Final = Environment("blender-5.2", ("blender-5.2",), (3, 13))
TYPES: Final = tuple(Environment(f"types-{v}", (f"types-{v}",)) for v in ("4.2", "4.5", "5.2"))


def prepare(environment: Environment) -> Path:
    """Make or renew an environment where that is needed; returns its Python."""
    files = [ROOT / "requirements" / f"{name}.txt" for name in environment.requirements]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = FOLDER / environment.name / "requirements.sha256"
    if not (stamp.exists() and stamp.read_text() == wanted):
        say(f"preparing .env/{environment.name} (once)")
        shutil.rmtree(FOLDER / environment.name, ignore_errors=True)
        base = interpreter(environment.version)
        if base is None:
            major, minor = environment.version
            raise SystemExit(
                f"Python {major}.{minor} is needed for .env/{environment.name} and was not found."
            )
        run(base, "-m", "venv", str(FOLDER / environment.name))
        for file in files:
            run(str(environment.python), "-m", "pip", "install", "-q", "--no-deps", "-r", str(file))
        stamp.write_text(wanted)
    return environment.python


def interpreter(version: tuple[int, int]) -> str | None:
    """A Python of this version: the running one, one on the path, or one of pyenv's."""
    if sys.version_info[:2] == version:
        return sys.executable
    name = f"python{version[0]}.{version[1]}"
    pyenv = sorted(
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(
            f"versions/{version[0]}.{version[1]}*/bin/{name}"
        )
    )
    candidates = [str(path) for path in reversed(pyenv)] + [
        path for path in [shutil.which(name)] if path
    ]
    return next((path for path in candidates if works(path)), None)


def works(python: str) -> bool:
    return (
        subprocess.run(
            [python, "-c", "import venv, ssl"], capture_output=True, check=False
        ).returncode
        == 0
    )


def prepare_system() -> None:
    """Install missing system libraries where that is possible, else say which command does."""
    missing = [package for library, package in SYSTEM_LIBRARIES.items() if not loads(library)]
    if not missing:
        return
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise SystemExit(
            f"System libraries are missing. Please run:\n  sudo {' '.join(command)}\nand try again."
        )
    say(f"installing {' '.join(missing)}")
    run("apt-get", "update", "-q")
    run(*command)


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def run(*command: str, **environment: str) -> None:
    """Run a command in the project's folder; its failure ends the script with its exit status."""
    status = subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=False).returncode
    if status:
        raise SystemExit(f"failed with status {status}: {' '.join(command)}")


def say(message: str) -> None:
    sys.stdout.write(f"== {message}\n")
    sys.stdout.flush()
