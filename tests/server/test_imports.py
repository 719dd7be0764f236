# SPDX-License-Identifier: GPL-3.0-or-later
"""The server runs where neither torch nor Blender is installed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import model_server

PACKAGE = Path(model_server.__file__).parent
RUN_TIME = sorted(PACKAGE.glob("*.py"))


def test_the_app_loads_without_torch_and_bpy() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'bpy', 'anny', 'hund_blender'): sys.modules[name] = None\n"
        "import model_server.app, model_server.serve, model_server.cli, model_server.pipeline"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=True)


@pytest.mark.parametrize("path", RUN_TIME, ids=lambda path: path.name)
def test_no_file_imports_what_it_may_not(path: Path) -> None:
    forbidden = {"torch", "bpy", "hund_blender", "anny", "onnx"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            assert "model_server.learning" not in (node.module or "")
        assert not forbidden & {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", RUN_TIME, ids=lambda path: path.name)
def test_every_file_says_its_licence(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# SPDX-License-Identifier: GPL-3.0-or-later"
