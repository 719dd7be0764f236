# SPDX-License-Identifier: GPL-3.0-or-later
"""What is selected, to an FBX file and back by Blender itself."""

import bpy


def write_fbx(path: str) -> None:
    bpy.ops.export_scene.fbx(
        filepath=path, use_selection=True, add_leaf_bones=False, bake_anim_simplify_factor=0.0
    )


def read_fbx(path: str) -> None:
    bpy.ops.import_scene.fbx(filepath=path)
