# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirror a character's pose, or make mirrored copies of pose assets."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .compat import channels_of, selected_bones
from .errors import SceneError
from .scene.character import character_of
from .scene.mirror import mirror_pose, mirrored_copy

MENUS: Final = ("asset", "context_menu")


class HUND_OT_mirror_pose(bpy.types.Operator):
    """Exchange left and right of the pose and the face, or in pose mode of the selected bones"""

    bl_idname = "hund.mirror_pose"
    bl_label = "Mirror Pose"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Select a HUND character")
        return character_of(context.object) is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        character: Any = character_of(context.object)
        chosen = selected_bones(character) if character.mode == "POSE" else []
        try:
            key = context.scene.tool_settings.use_keyframe_insert_auto
            mirror_pose(character, chosen, key=key)
        except SceneError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class HUND_OT_mirror_pose_assets(bpy.types.Operator):
    """Add a copy with left and right exchanged of each selected pose asset of this file"""

    bl_idname = "hund.mirror_pose_assets"
    bl_label = "Mirrored Copies (HUND)"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Select pose assets of this file in an Asset Browser")
        return bool(selected_poses(context))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        poses = selected_poses(context)
        for action in poses:
            mirrored_copy(action)
        self.report({"INFO"}, f"{len(poses)} mirrored copies were added")
        return {"FINISHED"}


def selected_poses(context: bpy.types.Context) -> list[Any]:
    """The actions of this file that are selected in the Asset Browser that the context is in."""
    assets: Any = getattr(context, "selected_assets", None) or ()
    actions = [asset.local_id for asset in assets if isinstance(asset.local_id, bpy.types.Action)]
    return [action for action in actions if channels_of(action, "OBJECT") is not None]


def draw_asset_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if selected_poses(context):
        menu.layout.separator()
        menu.layout.operator(HUND_OT_mirror_pose_assets.bl_idname, icon="MOD_MIRROR")


_menus: list[Any] = []  # kept: when Blender ends it forgets their names before ours


def attach() -> None:
    _menus.extend(getattr(bpy.types, f"ASSETBROWSER_MT_{name}") for name in MENUS)
    for menu in _menus:
        menu.append(draw_asset_menu)


def detach() -> None:
    while _menus:
        _menus.pop().remove(draw_asset_menu)


CLASSES = (HUND_OT_mirror_pose, HUND_OT_mirror_pose_assets)
