# SPDX-License-Identifier: GPL-3.0-or-later
"""Import rules: pure files load without Blender, and no file of the add-on sees the server."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ADDON = Path(__file__).parents[2] / "hund_blender"
PURE = (
    "asset_pose", "axes", "body", "bones", "catalogues", "check", "client", "clip.cleanup",
    "clip.client", "clip.contacts", "clip.conversion", "clip.data", "clip.foot_lock",
    "clip.job", "clip.joining", "clip.keys", "clip.legs", "clip.motion", "clip.motion_files",
    "clip.mover",
    "clip.process", "clip.quaternions", "clip.receiving", "clip.recording",
    "clip.reduction", "clip.root_shift", "clip.skeleton", "clip.smoothing", "clip.sources",
    "confidence", "connection", "correction_job", "errors", "estimate", "installer.bundle",
    "installer.download", "installer.environment", "installer.failures",
    "installer.install", "installer.machine", "installer.program", "job", "mirroring",
    "other_results.bvh", "other_results.bvh_clip", "other_results.contents", "other_results.files",
    "other_results.plain_pickle", "other_results.posed_body", "other_results.smpl_clip",
    "other_results.smpl_layouts", "other_results.smpl_motion", "other_results.torch_file",
    "photo_files",
    "placing", "pose", "progress", "rigs", "rotations", "server_process", "sighting",
    "task", "text", "threads",
)  # fmt: skip
ALLOWED = {"bpy", "bpy_extras", "mathutils", "numpy", *sys.stdlib_module_names}


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


def test_all_threads_stand_still_where_they_must() -> None:
    files = [file for file in ADDON.rglob("*.py") if file.name != "threads.py"]
    assert not [file.name for file in files if "threading.Thread" in file.read_text()]
