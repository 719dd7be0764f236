# SPDX-License-Identifier: GPL-3.0-or-later
"""Import rules: pure files load without Blender, and no file of the add-on sees the server."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ADDON = Path(__file__).parents[2] / "hund_blender"
PURE = (
    "asset_pose", "axes", "body", "bones", "catalogues", "check", "client", "confidence",
    "connection", "correction_job", "errors", "estimate", "exif", "installer.bundle",
    "installer.download", "installer.environment", "installer.failures", "installer.install",
    "installer.machine", "installer.program", "job", "photo_files", "pose", "progress", "rigs",
    "rotations", "server_process", "sighting", "task", "text", "thumbnails",
)  # fmt: skip
ALLOWED = {"bpy", "bpy_extras", "numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("name", PURE)
def test_pure_files_load_without_blender(name: str) -> None:
    program = f"import sys; sys.modules['bpy'] = None; import hund_blender.{name}"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ADDON.parent)


@pytest.mark.parametrize("file", sorted(ADDON.rglob("*.py")), ids=lambda file: file.stem)
def test_imports_are_relative_or_blenders_own(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= ALLOWED
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            assert node.module.split(".")[0] in ALLOWED
