# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender is told of the add-on, in order; taken back in reverse."""

from __future__ import annotations

from typing import Final

import bpy
from bpy.app.handlers import persistent

from . import (
    correct_operators,
    correct_panel,
    file_handlers,
    live,
    operators,
    panels,
    properties,
    server_operators,
)
from .correcting import CORRECTIONS
from .importing import SERVERS, SLOT
from .preferences import HundPreferences
from .server_tasks import TASKS

CLASSES: Final = (
    HundPreferences,
    *properties.CLASSES,
    *operators.CLASSES,
    *server_operators.CLASSES,
    *correct_operators.CLASSES,
    *panels.CLASSES,
    *correct_panel.CLASSES,
    *file_handlers.CLASSES,
)
STOPPING_S: Final = 5.0


@persistent  # type: ignore[untyped-decorator]
def cancel_before_load(*_: object) -> None:
    """People found for one file must not land in another."""
    SLOT.cancel()
    CORRECTIONS.cancel()


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    properties.attach()
    bpy.types.TOPBAR_MT_file_import.append(panels.draw_import_menu)  # type: ignore[arg-type]
    bpy.app.handlers.load_pre.append(cancel_before_load)
    live.attach()


def unregister() -> None:
    live.detach()
    SLOT.forget()
    CORRECTIONS.forget()
    task = TASKS.job
    TASKS.forget()
    if task is not None:
        task.wait(STOPPING_S)
    SERVERS.stop()
    bpy.app.handlers.load_pre.remove(cancel_before_load)
    bpy.types.TOPBAR_MT_file_import.remove(panels.draw_import_menu)  # type: ignore[arg-type]
    properties.detach()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
