# SPDX-License-Identifier: GPL-3.0-or-later
"""One pose on six rigs, side by side with the character that it comes from.

.env/blender-5.2/bin/python -m benchmarks.retarget_picture --out rigs.png
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

import hund_blender
from benchmarks.artist_rigs import Built, build
from benchmarks.mocap_actions import character, held_out, key_poses
from benchmarks.rigify_rig import build_rigify
from hund_blender.body import Body
from hund_blender.retarget.mapping import automatic_map
from hund_blender.retarget.presets import built_in_presets
from hund_blender.retarget.turns import about
from hund_blender.rotations import quaternions_from_matrices
from hund_blender.scene.retarget import RetargetOptions, Target
from hund_blender.scene.retarget_source import shown_pose
from hund_blender.scene.rig_description import describe
from hund_blender.scene.rig_keys import pose_rig

Array = npt.NDArray[Any]

ASSET: Final = Path("model_server/assets/anny.npz")
APART_M: Final = 1.2
HIGH_M: Final = 2.2
ADULT: Final = {"age": 2 / 3}
COLORS: Final = ((0.9, 0.55, 0.35), (0.45, 0.6, 0.85))  # of the source, of rigs
# Rigs, with bodies that are not the source's.
SHOWN: Final[Mapping[str, Mapping[str, float]]] = {
    "Rigify": {"age": 2 / 3, "gender": 0.0, "muscle": 0.8},
    "Mixamo": {"age": 2 / 3, "gender": 1.0},
    "Unreal": {"age": 2 / 3, "gender": 0.0, "weight": 0.9},
    "SMPL-X": {"age": 1.0, "gender": 1.0},
    "MakeHuman": {"age": 1 / 3},
    "chibi": {"age": 2 / 3, "gender": 1.0},
}


def fists(body: Body, share: float) -> dict[str, Array]:
    """Quaternions of all fingers bent by a share of a right angle at each joint."""
    turned = {}
    for name in (n for n in body.bone_names if n.startswith("finger")):
        axis = body.arrays["reference_rotations"][body.bone_names.index(name)][:, 0]
        angle = share * np.pi / 2 * (0.4 if name.startswith("finger1") else 1.0)
        turned[name] = quaternions_from_matrices(about(axis.astype(float), np.array(angle)))
    return turned


def scene_of(body: Body, number: int, bent: float) -> list[Any]:
    """The source and the rigs, posed; their skins."""
    source = character(body, skin=True)
    names, quaternions = held_out(number + 1)
    fingers = fists(body, bent)
    pose = np.concatenate([quaternions[number], np.stack(list(fingers.values()))])
    key_poses(source, body, (*names, *fingers), pose[None])
    bpy.context.scene.frame_set(1)
    motion = shown_pose(source)
    skins = [next(thing for thing in bpy.data.objects if thing.parent == source)]
    for place, (name, shape) in enumerate(SHOWN.items(), start=1):
        rig: Built = (
            build_rigify(body, shape, skin=True)
            if name == "Rigify"
            else build(name, body, shape, skin=True)
        )
        described = describe(rig.armature)
        found = automatic_map(described, built_in_presets())
        pose_rig(Target(rig.armature, described, found.preset), motion, RetargetOptions())
        rig.armature.location.x = place * APART_M
        skins.append(rig.skin)
        print(f"{name}: {found.preset.name}, {found.confidence:.0%} sure")
    return skins


def render(skins: list[Any], path: Path, *, turn: float, width: int) -> None:
    """Everybody turned by an angle, seen from the front."""
    scene = bpy.context.scene
    for place, skin in enumerate(skins):
        skin.color = (*COLORS[min(place, 1)], 1)
        skin.parent.rotation_euler.z = turn
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    camera.location = (APART_M * (len(skins) - 1) / 2, -12.0, 0.9)
    camera.rotation_euler = (np.pi / 2, 0, 0)
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = APART_M * len(skins)
    scene.camera = camera
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.light = "STUDIO"
    scene.display.shading.color_type = "OBJECT"
    scene.display.shading.show_cavity = True
    scene.view_settings.view_transform = "Standard"
    scene.world = scene.world or bpy.data.worlds.new("World")
    scene.world.color = (0.95, 0.95, 0.95)
    scene.render.resolution_x = width
    scene.render.resolution_y = int(width * HIGH_M / APART_M / len(skins))
    scene.render.filepath = str(path.resolve())
    scene.render.image_settings.file_format = "PNG" if path.suffix == ".png" else "JPEG"
    bpy.ops.render.render(write_still=True)
    bpy.data.objects.remove(camera)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/rigs.png"))
    parser.add_argument("--pose", type=int, default=7, help="number of the held-out pose")
    parser.add_argument("--bent", type=float, default=0.5, help="how far fingers are bent, 0…1")
    parser.add_argument("--turn", type=float, default=-25.0, help="degrees that all are turned")
    parser.add_argument("--width", type=int, default=2000)
    arguments = parser.parse_args()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    hund_blender.register()
    skins = scene_of(Body.load(str(ASSET)), arguments.pose, arguments.bent)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    render(skins, arguments.out, turn=np.radians(arguments.turn), width=arguments.width)
    hund_blender.unregister()


if __name__ == "__main__":
    main()
