# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to an environment that has understood a picture, in steps that can be repeated."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import InstallError
from ..task import Watch
from .bundle import Bundle
from .download import download
from .environment import IS_WINDOWS, Environment, size_of
from .machine import Device, check_device, find_nvidia, uv_tag
from .program import run

PYTHON: Final = "3.11"
MB: Final = 1_000_000
# What uv writes for all packages, and what must be free: that, Python, and as much again where the
# disk cannot share files between uv's cache and the environment.
PACKAGES_MB: Final = {Device.CPU: 450, Device.NVIDIA: 2900}
NEEDED_MB: Final = {Device.CPU: 1200, Device.NVIDIA: 6500}
# Where in 0…1 each step begins.
UV_FROM: Final = 0.0
PYTHON_FROM: Final = 0.08
PACKAGES_FROM: Final = 0.16
TRIAL_FROM: Final = 0.9
LOG_LINES: Final = 40


@dataclass(frozen=True)
class Installation:
    """What one run of the installer works with."""

    environment: Environment
    bundle: Bundle
    device: Device
    picture: Path  # what the server is tried on
    watch: Watch

    def uv(self, program: Path, *arguments: str | Path) -> str:
        root = self.environment.root
        settings = {
            "UV_CACHE_DIR": str(self.environment.cache),
            "UV_PYTHON_INSTALL_DIR": str(root / "python"),
            "UV_NO_CONFIG": "1",
            "UV_NO_PROGRESS": "1",
            "UV_SYSTEM_CERTS": "1",  # what company networks sign with is known there
            "NO_COLOR": "1",
        }
        return run([program, *arguments], self.environment.log, self._look, settings)

    def _look(self) -> None:
        """Stop where asked to; while packages are fetched, tell how much is here."""
        if self.watch.progress.fraction < PACKAGES_FROM:
            self.watch.check()
            return
        whole, span = PACKAGES_MB[self.device], TRIAL_FROM - PACKAGES_FROM
        here = min(size_of(self.environment.cache) / MB / whole, 1.0)
        # uv moves files while we count, so never back
        done = max(self.watch.progress.fraction, PACKAGES_FROM + span * here)
        here_mb = (done - PACKAGES_FROM) / span * whole
        self.watch.tell(done, f"Fetching and unpacking: {here_mb:.0f} of about {whole} MB")


def install(environment: Environment, device: Device, picture: Path, watch: Watch) -> str:
    """Make the environment; what an earlier run fetched is used again."""
    if environment.bundle is None:
        raise InstallError(
            "This edition of the add-on brings no server.",
            "Install the full edition's zip, or set a server's Python or address below.",
        )
    job = Installation(environment, environment.bundle, device, picture, watch)
    try:
        _install(job)
    except InstallError:
        _note_log(job)
        raise
    return f"Installed for {device.name} in {environment.root}"


def _install(job: Installation) -> None:
    environment = job.environment
    tag = uv_tag()
    if job.device is Device.NVIDIA:
        job.watch.tell(UV_FROM, "Looking for the GPU")
        check_device(job.device, find_nvidia())
    environment.begin()
    environment.log.unlink(missing_ok=True)
    _check_space(environment.root, job.device)
    uv = _fetch_uv(job, tag)
    python = _fetch_python(job, uv)
    _fill(job, uv, python)
    _try(job)
    environment.finish(job.bundle.identity(job.device), job.device)


def _check_space(root: Path, device: Device) -> None:
    needed = NEEDED_MB[device] - size_of(root) / MB
    free = shutil.disk_usage(root).free / MB
    if free < needed:
        raise InstallError(
            f"{needed / 1000:.1f} GB are needed on the disk of {root}, {free / 1000:.1f} are free.",
            "Free some space, then press Install again.",
        )


def _fetch_uv(job: Installation, tag: str) -> Path:
    """The uv of this release, out of its wheel."""
    folder = job.environment.root / "uv"
    folder.mkdir(exist_ok=True)
    wheel = download(job.bundle.uv_wheel(tag), folder, _megabytes(job.watch))
    name = "uv.exe" if IS_WINDOWS else "uv"
    program = folder / name
    with zipfile.ZipFile(wheel) as archive:
        entry = next(entry for entry in archive.namelist() if entry.endswith(f"/scripts/{name}"))
        program.write_bytes(archive.read(entry))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def _megabytes(watch: Watch) -> Callable[[int, int], None]:
    def tell(here: int, total: int) -> None:
        fraction = UV_FROM + (PYTHON_FROM - UV_FROM) * here / total
        watch.tell(fraction, f"Fetching uv: {here / MB:.0f} of {total / MB:.0f} MB")

    return tell


def _fetch_python(job: Installation, uv: Path) -> str:
    """A Python of our own or, where none can be fetched, one of the system."""
    job.watch.tell(PYTHON_FROM, f"Fetching Python {PYTHON}")
    try:
        job.uv(uv, "python", "install", PYTHON, "--no-bin", *(["--no-registry"] * IS_WINDOWS))
        return job.uv(uv, "python", "find", PYTHON, "--managed-python", "--system").splitlines()[-1]
    except InstallError as error:
        return _find_python(job, uv, error)


def _find_python(job: Installation, uv: Path, refused: InstallError) -> str:
    try:
        found = job.uv(
            uv, "python", "find", PYTHON, "--no-managed-python", "--system"
        ).splitlines()[-1]
    except InstallError:
        remedy = f"{refused.remedy} Or install Python {PYTHON} from python.org: it is used then."
        raise InstallError(f"Python {PYTHON}: {refused.message}", remedy) from refused
    job.watch.note(f"Python could not be fetched; the system's is used: {found}")
    return found


def _fill(job: Installation, uv: Path, python: str) -> None:
    """Make the environment anew; packages that are in uv's cache are not fetched again."""
    job.watch.tell(PACKAGES_FROM, "Fetching and unpacking")
    environment = job.environment
    job.uv(uv, "venv", "--clear", "--no-project", "--python", python, environment.venv)
    into = ("pip", "install", "--no-deps", "--python", environment.python)
    locked = ("--require-hashes", "--only-binary", ":all:", "-r")
    job.uv(uv, *into, *locked, job.bundle.requirements(job.device))
    # Two releases may carry the same version, so never from the cache.
    job.uv(uv, *into, "--offline", "--no-cache", job.bundle.wheel)


def _try(job: Installation) -> None:
    """The server understands a picture; its first start is the slowest."""
    job.watch.tell(TRIAL_FROM, "Trying it on a picture; the first start is the slowest")
    environment = job.environment
    answer = environment.root / "trial.json"
    estimate = ("-m", "model_server", "estimate", job.picture, "-o", answer)
    run([environment.python, *estimate], environment.log, job.watch.check)
    answer.unlink()


def _note_log(job: Installation) -> None:
    if job.environment.log.is_file():
        text = job.environment.log.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines()[-LOG_LINES:]:
            job.watch.note(line)
