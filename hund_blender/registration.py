# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender is told of the add-on, in order; taken back in reverse."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from . import (
    cli,
    correct_operators,
    correct_panel,
    file_handlers,
    found_operators,
    image_operators,
    live,
    operators,
    panels,
    properties,
    server_operators,
    server_panel,
)
from .correcting import CORRECTIONS
from .importing import FOUND, SERVERS, SLOT
from .preferences import HundPreferences
from .scene.asset_catalogues import define_after_saving
from .server_tasks import TASKS

CLASSES: Final = (
    HundPreferences,
    *properties.CLASSES,
    *operators.CLASSES,
    *image_operators.CLASSES,
    *found_operators.CLASSES,
    *server_operators.CLASSES,
    *correct_operators.CLASSES,
    *panels.CLASSES,
    *correct_panel.CLASSES,
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


_commands: list[Any] = []  # handles to take them back by


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.attach()
    bpy.types.TOPBAR_MT_file_import.append(panels.draw_import_menu)  # type: ignore[arg-type]
    bpy.types.IMAGE_MT_image.append(panels.draw_image_menu)  # type: ignore[arg-type]
    bpy.app.handlers.load_pre.append(cancel_before_load)
    bpy.app.handlers.save_post.append(define_after_saving)
    register_command: Any = bpy.utils.register_cli_command
    _commands.append(register_command(cli.COMMAND, cli.run))
    live.attach()


def unregister() -> None:
    live.detach()
    SLOT.forget()
    FOUND.forget()
    CORRECTIONS.forget()
    task = TASKS.job
    TASKS.forget()
    if task is not None:
        task.wait(STOPPING_S)
    SERVERS.stop()
    bpy.utils.unregister_cli_command(_commands.pop())
    bpy.app.handlers.save_post.remove(define_after_saving)
    bpy.app.handlers.load_pre.remove(cancel_before_load)
    bpy.types.IMAGE_MT_image.remove(panels.draw_image_menu)  # type: ignore[arg-type]
    bpy.types.TOPBAR_MT_file_import.remove(panels.draw_import_menu)  # type: ignore[arg-type]
    properties.detach()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
