# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender is told of the add-on, in order; taken back in reverse."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from . import (
    cli,
    clip_character_operators,
    clip_operators,
    clip_panel,
    correct_operators,
    correct_panel,
    file_handlers,
    found_operators,
    image_operators,
    live,
    map_operators,
    map_panel,
    mirror_operators,
    motion_file_operators,
    operators,
    other_result_operators,
    panels,
    properties,
    retarget_operators,
    rig_operators,
    rig_panel,
    rig_preview,
    rig_settings,
    server_operators,
    server_panel,
    smplx_operators,
)
from .clip_importing import CLIPS, abandon_clip
from .correcting import CORRECTIONS
from .importing import FOUND, SERVERS, SLOT
from .preferences import HundPreferences
from .scene.asset_catalogues import define_after_saving
from .scene.clip_store import before_saving, bring_along
from .server_tasks import TASKS

CLASSES: Final = (
    HundPreferences,
    *properties.CLASSES,
    *operators.CLASSES,
    *image_operators.CLASSES,
    *found_operators.CLASSES,
    *server_operators.CLASSES,
    *correct_operators.CLASSES,
    *mirror_operators.CLASSES,
    *smplx_operators.CLASSES,
    *clip_operators.CLASSES,
    *clip_character_operators.CLASSES,
    *other_result_operators.CLASSES,
    *motion_file_operators.CLASSES,
    *rig_settings.CLASSES,
    *rig_operators.CLASSES,
    *map_operators.CLASSES,
    *retarget_operators.CLASSES,
    *panels.CLASSES,
    *clip_panel.CLASSES,
    *correct_panel.CLASSES,
    *rig_panel.CLASSES,
    *map_panel.CLASSES,
    *server_panel.CLASSES,
    *file_handlers.CLASSES,
)
STOPPING_S: Final = 5.0


@persistent  # type: ignore[untyped-decorator]
def cancel_before_load(*_: object) -> None:
    """People found for one file must not land in another."""
    SLOT.cancel()
    FOUND.forget()
    CORRECTIONS.cancel()
    abandon_clip()


@persistent  # type: ignore[untyped-decorator]
def build_again(*_: object) -> None:
    """After undo and redo: what an import has built so far may be gone."""
    if SLOT.job is not None:
        SLOT.job.again()


_commands: list[Any] = []  # handles to take them back by


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.attach()
    rig_settings.attach()
    bpy.types.TOPBAR_MT_file_import.append(panels.draw_import_menu)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_import.append(clip_panel.draw_import_menu)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_export.append(motion_file_operators.draw_export_menu)  # type: ignore[arg-type]
    bpy.types.IMAGE_MT_image.append(panels.draw_image_menu)  # type: ignore[arg-type]
    mirror_operators.attach()
    bpy.app.handlers.load_pre.append(cancel_before_load)
    bpy.app.handlers.undo_post.append(build_again)
    bpy.app.handlers.redo_post.append(build_again)
    bpy.app.handlers.save_post.append(define_after_saving)
    bpy.app.handlers.save_pre.append(before_saving)
    bpy.app.handlers.save_post.append(bring_along)
    register_command: Any = bpy.utils.register_cli_command
    _commands.append(register_command(cli.COMMAND, cli.run))
    live.attach()
    rig_preview.attach()


def unregister() -> None:
    rig_preview.detach()
    live.detach()
    SLOT.forget()
    CLIPS.forget()
    FOUND.forget()
    CORRECTIONS.forget()
    task = TASKS.job
    TASKS.forget()
    if task is not None:
        task.wait(STOPPING_S)
    SERVERS.stop()
    bpy.utils.unregister_cli_command(_commands.pop())
    bpy.app.handlers.save_post.remove(bring_along)
    bpy.app.handlers.save_pre.remove(before_saving)
    bpy.app.handlers.save_post.remove(define_after_saving)
    bpy.app.handlers.redo_post.remove(build_again)
    bpy.app.handlers.undo_post.remove(build_again)
    bpy.app.handlers.load_pre.remove(cancel_before_load)
    mirror_operators.detach()
    bpy.types.IMAGE_MT_image.remove(panels.draw_image_menu)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_export.remove(motion_file_operators.draw_export_menu)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_import.remove(clip_panel.draw_import_menu)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_import.remove(panels.draw_import_menu)  # type: ignore[arg-type]
    rig_settings.detach()
    properties.detach()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
