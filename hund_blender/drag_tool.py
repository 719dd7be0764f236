# SPDX-License-Identifier: GPL-3.0-or-later
"""The tool with which the mouse drags what it grasps; Blender's default draws a box instead."""

from __future__ import annotations

from typing import Any, Final

import bpy

DRAGS: Final = "builtin.select"
MODE: Final = "OBJECT"


class DragTool:
    """Taken while handles are there to be dragged; afterwards the artist has the tool of before."""

    def __init__(self) -> None:
        self._before = ""

    def take(self, context: bpy.types.Context) -> None:
        if _in_view(context) and _current(context) != DRAGS:
            self._before = _current(context)
            bpy.ops.wm.tool_set_by_id(name=DRAGS)

    def give_back(self, context: bpy.types.Context) -> None:
        if self._before and _in_view(context) and _current(context) == DRAGS:
            bpy.ops.wm.tool_set_by_id(name=self._before)
        self._before = ""


TOOL: Final = DragTool()


def _in_view(context: bpy.types.Context) -> bool:
    return context.area is not None and context.area.type == "VIEW_3D"


def _current(context: bpy.types.Context) -> str:
    workspace: Any = context.workspace
    tool = workspace.tools.from_space_view3d_mode(MODE, create=False)
    return tool.idname if tool is not None else ""
