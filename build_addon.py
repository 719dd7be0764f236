# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the add-on: `python build_addon.py` writes dist/hund_blender-VERSION.zip.

The same files give the same bytes. Needs Python 3.11 and nothing else. Where a `bpy` wheel is
installed (here or in .env/), its extension tool checks the zip.
"""

import argparse
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent
SOURCE: Final = ROOT / "hund_blender"
SUFFIXES: Final = (".py", ".toml")
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
READABLE: Final = 0o100644 << 16
VALIDATOR: Final = "**/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"


def version() -> str:
    manifest = tomllib.loads((SOURCE / "blender_manifest.toml").read_text(encoding="utf-8"))
    return str(manifest["version"])


def build(folder: Path) -> Path:
    """Write the zip into a folder, made if missing, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"hund_blender-{version()}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(SOURCE.rglob("*"), key=lambda file: file.relative_to(SOURCE).as_posix()):
            if file.suffix in SUFFIXES:
                _add(archive, file)
    return path


def _add(archive: zipfile.ZipFile, file: Path) -> None:
    entry = zipfile.ZipInfo(file.relative_to(SOURCE).as_posix(), EPOCH)
    entry.external_attr = READABLE
    entry.create_system = 3  # Unix, wherever it is built
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, file.read_bytes())


def find_validator() -> Path | None:
    """Blender's own extension tool in the running environment or in one below .env/."""
    for folder in (Path(sys.prefix), *sorted((ROOT / ".env").glob("blender-*"))):
        found = sorted(folder.glob(VALIDATOR))
        if found:
            return found[-1]
    return None


def validate(path: Path, validator: Path) -> None:
    """Raise CalledProcessError where Blender would refuse the zip."""
    subprocess.run(
        [sys.executable, str(validator), "validate", str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="folder for the zip (default: dist)"
    )
    path = build(parser.parse_args().out)
    validator = find_validator()
    if validator is not None:
        validate(path, validator)
    checked = "valid" if validator is not None else "not checked: no bpy wheel found"
    print(f"{path} ({path.stat().st_size / 1024:.0f} KB, {checked})")


if __name__ == "__main__":
    main()
