# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: a scene that needs no other file, and a picture with the people in it."""

import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
from blender_session import ROOT


def test_scene_and_preview(server_python: Path, photos: list[Path], tmp_path: Path) -> None:
    command = [sys.executable, "scripts/demo_scene.py", str(photos[1]), "--out", str(tmp_path)]
    subprocess.run([*command, "--python", str(server_python)], cwd=ROOT, check=True, timeout=120)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert len(bpy.data.armatures) == 1
    photo = bpy.context.scene.camera.data.background_images[0].image
    assert photo.packed_file is not None
    preview = bpy.data.images.load(str(tmp_path / "preview.png"))
    assert tuple(preview.size) == tuple(photo.size)
    changed = np.abs(pixels(preview) - pixels(photo)).max(1) > 0.1
    assert 0.01 < changed.mean() < 0.9


def pixels(image: bpy.types.Image) -> np.ndarray:
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(-1, 4)[:, :3]
