# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos in, posed people in a Blender scene out: `python3 scripts/demo.py [PHOTO ...] [--out
FOLDER]`.

Sets up what it needs on the first run. Writes `scene.blend` and `preview.png` for every photo.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from environments import BLENDER_4_5, ROOT, SERVER, prepare, prepare_system, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "photos", nargs="*", type=Path, help="default: a portrait and a full-body picture"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    arguments = parser.parse_args()
    prepare_system()
    server, blender = prepare(SERVER), prepare(BLENDER_4_5)
    photos = [str(photo.resolve()) for photo in arguments.photos or default_photos(server)]
    run(
        str(blender),
        "scripts/demo_scene.py",
        *photos,
        "--out",
        str(arguments.out.resolve()),
        HUND_SERVER_PYTHON=str(server),
        PYTHONPATH=str(ROOT),
    )


def default_photos(server: Path) -> list[Path]:
    """The portrait that ships inside matplotlib, and a picture rendered for this project."""
    packages = next(server.parents[1].glob("lib/python*/site-packages"))
    return [
        packages / "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        ROOT / "docs/pictures/full_body.jpg",
    ]


if __name__ == "__main__":
    main()
