# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the add-on: `python build_addon.py` writes dist/hund_blender-VERSION.zip.

The zip brings the server's own wheel and the locked list of what else it needs, so that an artist
installs it from the preferences; `--thin` leaves both out. The same files give the same bytes.
Needs Python 3.11 and nothing else. Where a `bpy` wheel is installed (here or in .env/), its
extension tool checks the zip.
"""

import argparse
import base64
import hashlib
import io
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent
SOURCE: Final = ROOT / "hund_blender"
SERVER: Final = ROOT / "model_server"
LOCKED: Final = ROOT / "requirements" / "locked"
SUFFIXES: Final = (".py", ".toml", ".jpg", ".json")
SERVER_SUFFIXES: Final = (".py", ".json", ".npz", ".onnx")
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
READABLE: Final = 0o100644 << 16
VALIDATOR: Final = "**/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
TAGS: Final = "modules/_bpy_internal/extensions/tags.py"  # below Blender's scripts


def version() -> str:
    manifest = tomllib.loads((SOURCE / "blender_manifest.toml").read_text(encoding="utf-8"))
    return str(manifest["version"])


def build(folder: Path, *, thin: bool = False) -> Path:
    """Write the zip into a folder, made if missing, and return its path."""
    path = folder / f"hund_blender-{version()}{'-thin' if thin else ''}.zip"
    content = files_below(SOURCE, SUFFIXES)
    if not thin:
        name, wheel = build_wheel()
        content[f"server/{name}"] = wheel
        content |= {f"server/{lock.name}": lock.read_bytes() for lock in LOCKED.iterdir()}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped(content))
    return path


def build_wheel() -> tuple[str, bytes]:
    """The server's wheel, without what only learning needs: its file name and content."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    release = f"{project['name']}-{server_version()}"
    content = {
        f"model_server/{name}": data
        for name, data in files_below(SERVER, SERVER_SUFFIXES).items()
        if not name.startswith("learning/")
    }
    content |= {
        f"{release}.dist-info/{name}": text.encode() for name, text in wheel_info(project).items()
    }
    content[f"{release}.dist-info/RECORD"] = record(content, f"{release}.dist-info/RECORD")
    return f"{release}-py3-none-any.whl", zipped(content)


def server_version() -> str:
    found = re.search(
        r'^__version__: Final = "(.+)"$', (SERVER / "__init__.py").read_text(), re.MULTILINE
    )
    assert found is not None
    return found[1]


def wheel_info(project: Mapping[str, Any]) -> dict[str, str]:
    """The files that tell an installer what a wheel is, all but the list of its files."""
    metadata = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {server_version()}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
    ]
    wheel = ["Wheel-Version: 1.0", "Generator: build_addon", "Root-Is-Purelib: true"]
    scripts = [f"{name} = {target}" for name, target in project["scripts"].items()]
    return {
        "METADATA": "\n".join(metadata) + "\n",
        "WHEEL": "\n".join([*wheel, "Tag: py3-none-any"]) + "\n",
        "entry_points.txt": "\n".join(["[console_scripts]", *scripts]) + "\n",
    }


def record(content: Mapping[str, bytes], own_name: str) -> bytes:
    """A wheel's list of its files, with their hashes and sizes."""
    lines = [f"{name},{_digest(data)},{len(data)}" for name, data in sorted(content.items())]
    return "\n".join([*lines, f"{own_name},,"]).encode() + b"\n"


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={digest.decode().rstrip('=')}"


def files_below(folder: Path, suffixes: tuple[str, ...]) -> dict[str, bytes]:
    """The files with these suffixes by their path below the folder."""
    files = (file for file in folder.rglob("*") if file.suffix in suffixes)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def zipped(content: Mapping[str, bytes]) -> bytes:
    """A zip of these files that depends on nothing else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compresslevel=9) as archive:
        for name, data in sorted(content.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = READABLE
            entry.create_system = 3  # Unix, wherever it is built
            packed = name.endswith(".whl")
            entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


def find_validator() -> Path | None:
    """Blender's own extension tool in the running environment or in one below .env/."""
    for folder in (Path(sys.prefix), *sorted((ROOT / ".env").glob("blender-*"))):
        found = sorted(folder.glob(VALIDATOR))
        if found:
            return found[-1]
    return None


def validate(path: Path, validator: Path) -> None:
    """Raise CalledProcessError where Blender would refuse the zip, or does not know its tags."""
    tags = validator.parents[3] / TAGS
    subprocess.run(
        [sys.executable, str(validator), "validate", f"--valid-tags={tags}", str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="folder for the zip (default: dist)"
    )
    parser.add_argument("--thin", action="store_true", help="leave the server out")
    options = parser.parse_args()
    path = build(options.out, thin=options.thin)
    validator = find_validator()
    if validator is not None:
        validate(path, validator)
    checked = "valid" if validator is not None else "not checked: no bpy wheel found"
    print(f"{path} ({path.stat().st_size / 1024:.0f} KB, {checked})")


if __name__ == "__main__":
    main()
