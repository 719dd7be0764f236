# SPDX-License-Identifier: GPL-3.0-or-later
"""A program in place of uv that takes its commands, and a bundle that names it.

The environment variable FAKE_UV says how it should fail, in the words of uv 0.13.8.
"""

import hashlib
import sys
import textwrap
import zipfile
from pathlib import Path

from hund_blender.installer.bundle import Bundle, find_bundle
from hund_blender.installer.machine import uv_tag

DNS = "Failed to fetch: https://pypi.org/simple/numpy/ cause: client error (Connect): dns error"
HASH = "Failed to download `numpy==1.26.4` cause: Hash mismatch for `numpy==1.26.4`"
DISK = "Failed to download `pillow==13.0.0` cause: No space left on device (os error 28)"

SERVER = f"""\
#!{sys.executable}
import os, pathlib, sys

if "broken server" in os.environ.get("FAKE_UV", ""):
    sys.exit("ImportError: DLL load failed while importing onnxruntime_pybind11_state")
pathlib.Path(sys.argv[-1]).write_text("an estimate")
"""

PROGRAM = f"""\
#!{sys.executable}
import os, pathlib, sys, time

said, how = sys.argv[1:], os.environ.get("FAKE_UV", "")
root = pathlib.Path(os.environ["UV_PYTHON_INSTALL_DIR"]).parent
with (root / "calls.txt").open("a") as calls:
    calls.write(" ".join(said[:2]) + "\\n")
if said[:2] == ["python", "install"] and "no python" in how:
    sys.exit({DNS!r})
if said[:2] == ["python", "find"]:
    if "--no-managed-python" in said and "no system" in how:
        sys.exit("error: No interpreter found for Python 3.11")
    print({sys.executable!r})
if said[0] == "venv":
    python = pathlib.Path(said[-1]) / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text({SERVER!r})
    python.chmod(0o755)
if said[:2] == ["pip", "install"] and "-r" in said:
    cache = pathlib.Path(os.environ["UV_CACHE_DIR"])
    cache.mkdir(exist_ok=True)
    (cache / "numpy").write_bytes(bytes(1000))
    if "slow" in how:
        (root / "pid.txt").write_text(str(os.getpid()))
        time.sleep(60)
    for name, words in {{"offline": {DNS!r}, "hash": {HASH!r}, "disk": {DISK!r}}}.items():
        if name in how:
            sys.exit("error: " + words)
"""


def make_bundle(folder: Path) -> Bundle:
    """A bundle whose uv is that program, in a wheel beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_wheel(folder)
    for device in ("cpu", "nvidia"):
        (folder / f"{device}.txt").write_text("numpy==1.26.4 --hash=sha256:00\n")
    tag = uv_tag()
    wheel = folder / f"uv-0-py3-none-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv-0.data/scripts/uv", PROGRAM)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = f"""
        [[packages]]
        name = "uv"
        wheels = [{{ url = "{wheel.as_uri()}", hashes = {{ sha256 = "{digest}" }} }}]
    """
    (folder / "pylock.uv.toml").write_text(textwrap.dedent(lock))
    bundle = find_bundle(folder)
    assert bundle is not None
    return bundle


def write_wheel(folder: Path, release: str = "one") -> None:
    with zipfile.ZipFile(folder / "hund-0.1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("hund-0.1.0.dist-info/RECORD", release)
