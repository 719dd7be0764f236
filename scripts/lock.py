# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock what the add-on's installer fetches: `python3 scripts/lock.py` writes requirements/locked/.

To be run after a change in requirements/server.txt, nvidia.txt, macos-x64.txt or uv.txt. Needs a
network and the uv of requirements/uv.txt on the path. Looks for a wheel of every package for every
machine that is supported.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from environments import ROOT, say

REQUIREMENTS: Final = ROOT / "requirements"
LOCKED: Final = REQUIREMENTS / "locked"
WHEELS_ONLY: Final = ("--no-deps", "--only-binary", ":all:", "--python-version", "3.11")
LEAST_MACOS: Final = "14.0"
MACHINES: Final = {
    "cpu": ("windows", "aarch64-apple-darwin", "x86_64-apple-darwin", "x86_64-manylinux_2_28"),
    "nvidia": ("windows", "x86_64-manylinux_2_28"),
}


def main() -> None:
    LOCKED.mkdir(exist_ok=True)
    server, nvidia = read("server"), read("nvidia")
    without_runtime = re.sub(r"(?m)^onnxruntime==.*\n", "", server)
    write_lock("cpu", server, "--overrides", str(REQUIREMENTS / "macos-x64.txt"))
    write_lock("nvidia", without_runtime + nvidia)
    for name, machines in MACHINES.items():
        for machine in machines:
            find_wheels(name, machine)
    compile_lock(REQUIREMENTS / "uv.txt", LOCKED / "pylock.uv.toml", "--format", "pylock.toml")


def read(name: str) -> str:
    return (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")


def write_lock(name: str, requirements: str, *options: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "requirements.txt"
        source.write_text(requirements, encoding="utf-8")
        compile_lock(source, LOCKED / f"{name}.txt", "--generate-hashes", "--no-annotate", *options)


def compile_lock(source: Path, target: Path, *options: str) -> None:
    uv("pip", "compile", str(source), "--universal", "--no-header", *options, "-o", str(target))
    target.write_text(
        f"# Written by scripts/lock.py\n{target.read_text(encoding='utf-8')}", encoding="utf-8"
    )


def find_wheels(name: str, machine: str) -> None:
    """Fail where a machine would find no wheel of a package."""
    with tempfile.TemporaryDirectory() as folder:
        lock = ("--require-hashes", "-r", str(LOCKED / f"{name}.txt"))
        uv("pip", "install", "--dry-run", "--target", folder, "--python-platform", machine, *lock)
    say(f"{name}: every package has a wheel for {machine}")


def uv(*arguments: str) -> None:
    program = shutil.which("uv")
    wanted = re.search(r"uv==\S+", read("uv"))
    assert wanted is not None
    if program is None:
        raise SystemExit(
            f"uv was not found. Please run:\n  pip install {wanted[0]}\nand try again."
        )
    done = subprocess.run(
        [program, *arguments, *WHEELS_ONLY, "--no-config"],
        env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": LEAST_MACOS},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)


if __name__ == "__main__":
    main()
