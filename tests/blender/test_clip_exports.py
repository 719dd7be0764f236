# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender's exporters make of a keyed character, read back by Blender itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import made_clips
import numpy as np
import pytest
from fbx_files import read_fbx, write_fbx
from made_characters import clip_options, place

from hund_blender.body import Body
from hund_blender.rigs import MIXAMO

FRAMES = (1, 7, 12)
LIMBS = ("Hips", "Head", "LeftHand", "RightHand", "LeftFoot", "RightFoot", "LeftLeg", "RightArm")


def joints() -> dict[str, np.ndarray]:
    """Places (F, 3) in the world of the heads of some bones, in the one armature of the file."""
    [armature] = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
    bones = [bone.name for bone in armature.pose.bones]
    found: dict[str, list[Any]] = {limb: [] for limb in LIMBS}
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        for limb in LIMBS:
            [name] = [bone for bone in bones if bone.endswith((f":{limb}", f"_{limb}"))]
            found[limb].append(armature.matrix_world @ armature.pose.bones[name].head)
    return {limb: np.array(places) for limb, places in found.items()}


def gltf(path: str) -> None:
    bpy.ops.export_scene.gltf(
        filepath=path, use_selection=True, export_format="GLB", export_optimize_animation_size=False
    )


def read_gltf(path: str) -> None:
    bpy.ops.import_scene.gltf(filepath=path)


def bvh(path: str) -> None:
    bpy.ops.export_anim.bvh(filepath=path, frame_start=1, frame_end=12, root_transform_only=True)


def read_bvh(path: str) -> None:
    bpy.ops.import_anim.bvh(filepath=path, axis_forward="Y", axis_up="Z", frame_start=1)


def usd(path: str) -> None:
    bpy.ops.wm.usd_export(filepath=path, selected_objects_only=True, export_animation=True)


def read_usd(path: str) -> None:
    bpy.ops.wm.usd_import(filepath=path)


FORMATS: dict[str, tuple[Callable[[str], None], Callable[[str], None]]] = {
    "fbx": (write_fbx, read_fbx),
    "glb": (gltf, read_gltf),
    "bvh": (bvh, read_bvh),
    "usdc": (usd, read_usd),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Blender's own exporters
@pytest.mark.parametrize("ending", FORMATS)
def test_joints_come_back_within_a_millimetre(body: Body, tmp_path: Path, ending: str) -> None:
    write, read = FORMATS[ending]
    place(made_clips.clip(body, frames=12), body, clip_options(rig=MIXAMO, match_camera=False))
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 12
    character = bpy.data.objects["walk Person 1"]
    bpy.data.objects["walk Person 1 Body"].select_set(True)
    bpy.context.view_layer.objects.active = character
    wanted = joints()
    apart = np.array(character.location) if ending == "bvh" else 0.0  # it knows no objects
    path = str(tmp_path / f"walk.{ending}")
    write(path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    read(path)
    found = joints()
    for limb in LIMBS:
        assert np.abs(found[limb] - wanted[limb] + apart).max() < 1e-3, limb
    assert np.ptp(found["RightFoot"], axis=0).max() > 0.1
