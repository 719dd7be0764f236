# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the server is."""

from __future__ import annotations

import bpy

from .connection import ServerSettings
from .server_process import ENVIRONMENT_VARIABLE


class HundPreferences(bpy.types.AddonPreferences):
    bl_idname = __package__

    server_python: bpy.props.StringProperty(
        name="Server Python",
        description=f"Python of the server's environment (empty: {ENVIRONMENT_VARIABLE})",
        subtype="FILE_PATH",
    )
    remote_address: bpy.props.StringProperty(
        name="Remote Server",
        description="host:port of a server that runs already; empty to start one on this computer",
    )
    remote_token: bpy.props.StringProperty(
        name="Token",
        description="The token that the remote server was started with",
        subtype="PASSWORD",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "server_python")
        layout.separator()
        layout.prop(self, "remote_address")
        row = layout.row()
        row.active = bool(self.remote_address)
        row.prop(self, "remote_token")


def server_settings(context: bpy.types.Context) -> ServerSettings:
    """The preferences, or their defaults where the add-on runs without being installed."""
    online = bool(bpy.app.online_access)
    addon = context.preferences.addons.get(__package__ or "")
    if addon is None:
        return ServerSettings(online_access=online)
    chosen = addon.preferences
    return ServerSettings(chosen.server_python, chosen.remote_address, chosen.remote_token, online)
