# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up everything and check everything: `python3 scripts/test.py`. Takes some minutes the first
time.

`python3 scripts/test.py server blender-4.5` runs some parts only; the parts are the keys of
`PARTS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from environments import (
    BLENDER_4_2,
    BLENDER_4_5,
    BLENDER_5_2,
    LEARNING,
    SERVER,
    TYPES,
    Environment,
    interpreter,
    prepare,
    prepare_system,
    run,
    say,
)

# The rest passes as well (`pytest tests/blender` in .env/blender-4.2) and is left out for its time.
WHERE_4_2_DIFFERS: Final = ("package", "import", "image_files", "pose_assets", "smplx", "takeover")


def style() -> None:
    python = str(prepare(LEARNING))
    run(python, "-m", "ruff", "check", ".")
    run(python, "-m", "ruff", "format", "--check", ".")
    prepare(SERVER)  # where pyright looks imports up
    run(python, "-m", "pyright", PYRIGHT_PYTHON_IGNORE_WARNINGS="1")


def types() -> None:
    for environment in TYPES:
        run(str(prepare(environment)), "-m", "mypy", "hund_blender")


def server() -> None:
    pytest(LEARNING, "tests/server", "tests/benchmarks", "tests/learning", "tests/contract")


def blender_4_2() -> None:
    pytest(BLENDER_4_2, *(f"tests/blender/test_{name}.py" for name in WHERE_4_2_DIFFERS))


def blender_4_5() -> None:
    pytest(BLENDER_4_5, "tests/blender", "tests/end_to_end")


def blender_5_2() -> None:
    if interpreter(BLENDER_5_2.version) is None:
        say("Python 3.13 is not here: Blender 5.2 is not tested")
        return
    pytest(BLENDER_5_2, "tests/blender", "tests/end_to_end")


def pytest(environment: Environment, *folders: str) -> None:
    python = prepare(environment)
    run(str(python), "-m", "pytest", "-q", *folders, HUND_SERVER_PYTHON=str(prepare(SERVER)))


PARTS: Final[dict[str, Callable[[], None]]] = {
    "style": style,
    "types": types,
    "server": server,
    "blender-4.2": blender_4_2,
    "blender-4.5": blender_4_5,
    "blender-5.2": blender_5_2,
}


def main() -> None:
    prepare_system()
    for part in sys.argv[1:] or PARTS:
        say(part)
        PARTS[part]()
    say("all passed")


if __name__ == "__main__":
    main()
