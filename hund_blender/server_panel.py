# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server in the sidebar: how it is, start, stop."""

from __future__ import annotations

import bpy

from .connection import ServerSettings
from .feedback import characters_across, draw_problem
from .importing import SERVERS, SLOT
from .panels import MARGIN_PX, HUND_PT_main
from .preferences import is_set_up, server_settings
from .server_operators import HUND_OT_start_server, HUND_OT_stop_server
from .server_tasks import TASKS


class HUND_PT_server(bpy.types.Panel):
    bl_label = "Model Server"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = HUND_PT_main.bl_category
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012
    bl_order = 10  # below what is used all the time

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return is_set_up(server_settings(context))

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, server_settings(context)
        assert layout is not None
        layout.label(text=state_of_server(settings))
        if TASKS.job is not None:
            return
        if SERVERS.is_running:
            layout.operator(HUND_OT_stop_server.bl_idname, icon="PAUSE")
        elif not settings.remote_address.strip():
            layout.operator(HUND_OT_start_server.bl_idname, icon="PLAY")
        for problem in TASKS.problems:
            draw_problem(layout.box(), problem, characters_across(context, MARGIN_PX))


def state_of_server(settings: ServerSettings) -> str:
    """One line on the server that the next import will ask."""
    if TASKS.job is not None:
        return TASKS.job.progress.text
    health = "" if SERVERS.health is None else f": {SERVERS.health}"
    if settings.remote_address.strip():
        return f"At {settings.remote_address.strip()}{health}"
    if not SERVERS.is_running:
        return "Starts with the first import"
    return f"{'At work' if SLOT.job is not None else 'Running'}{health}"


CLASSES = (HUND_PT_server,)
