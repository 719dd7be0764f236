# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program to its end, its words in a log file, to be stopped at any time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..threads import sleep
from .failures import explain

POLL_S: Final = 0.1
STOP_TIMEOUT_S: Final = 3.0
# Blender's own and the user's Python settings must not leak into another Python.
LEFT_OUT: Final = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX")


def run(
    command: Sequence[str | Path],
    log: Path,
    watch: Callable[[], None],
    settings: Mapping[str, str] | None = None,
) -> str:
    """What the program said; InstallError where it fails. `watch` may raise to stop it."""
    environment = {key: value for key, value in os.environ.items() if key not in LEFT_OUT}
    begin = log.stat().st_size if log.is_file() else 0
    with log.open("ab") as file:
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment | dict(settings or {}),
                cwd=log.parent,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise explain(f"{command[0]}: {error}", log.parent) from error
    try:
        while process.poll() is None:
            watch()
            sleep(POLL_S)
    finally:
        _stop(process)
    said = log.read_bytes()[begin:].decode("utf-8", "replace")
    if process.returncode:
        raise explain(said or f"{command[0]} ended with {process.returncode}", log.parent)
    return said


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
