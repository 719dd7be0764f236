# SPDX-License-Identifier: GPL-3.0-or-later
"""Install, check, remove: what the artist can press in the preferences."""

from __future__ import annotations

from typing import Any

import bpy

from .clip_importing import CLIPS
from .feedback import show_task
from .importing import SERVERS, SLOT
from .installer.machine import Device
from .preferences import server_settings
from .server_tasks import (
    TASKS,
    check_task,
    find_environment,
    install_task,
    remove_task,
    start_task,
    stop_task,
)
from .task import Task

OFFLINE = "Blender may not go online: turn on “Allow Online Access” in Preferences > System"
FORCED_OFFLINE = "Blender was started with --offline-mode: start it without"


class _ServerOperator(bpy.types.Operator):
    """One thing is done with the server at a time."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Wait until what runs now is finished")
        return TASKS.job is None and SLOT.job is None and CLIPS.job is None

    def run(self, task: Task) -> set[Any]:
        if not bpy.app.background:
            TASKS.run_in_background(task, show_task)
            return {"FINISHED"}
        TASKS.run_now(task)
        for problem in task.problems:
            self.report({"WARNING"}, f"{problem.message} {problem.remedy}")
        return {"CANCELLED"} if task.problems else {"FINISHED"}


class HUND_OT_install_server(_ServerOperator):
    """Fetch what the model server needs and install it into a folder of the add-on's own"""

    bl_idname = "hund.install_server"
    bl_label = "Install Model Server"

    device: bpy.props.EnumProperty(
        items=[(device.name, device.name, "") for device in Device], options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        cls.poll_message_set(FORCED_OFFLINE if bpy.app.online_access_override else OFFLINE)
        return bool(bpy.app.online_access)

    def execute(self, context: bpy.types.Context) -> set[Any]:
        environment = find_environment()
        if environment is None:
            self.report({"ERROR"}, "Install the add-on from its zip first.")
            return {"CANCELLED"}
        return self.run(install_task(environment, Device[self.device]))


class HUND_OT_remove_server(_ServerOperator):
    """Delete the installed model server and everything that was fetched for it"""

    bl_idname = "hund.remove_server"
    bl_label = "Remove Model Server"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:
        return set(context.window_manager.invoke_confirm(self, event))

    def execute(self, context: bpy.types.Context) -> set[Any]:
        environment = find_environment()
        if environment is None or not environment.has_remains:
            self.report({"INFO"}, "Nothing is installed.")
            return {"CANCELLED"}
        return self.run(remove_task(environment))


class HUND_OT_check_server(_ServerOperator):
    """Start the server and let it find the person in a built-in picture"""

    bl_idname = "hund.check_server"
    bl_label = "Check"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        return self.run(check_task(server_settings(context)))


class HUND_OT_start_server(_ServerOperator):
    """Start the model server now, so that the first photo need not wait for it"""

    bl_idname = "hund.start_server"
    bl_label = "Start"

    def execute(self, context: bpy.types.Context) -> set[Any]:
        return self.run(start_task(server_settings(context)))


class HUND_OT_stop_server(_ServerOperator):
    """End the model server on this computer and free its memory; the next import starts it again"""

    bl_idname = "hund.stop_server"
    bl_label = "Stop"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and SERVERS.is_running

    def execute(self, context: bpy.types.Context) -> set[Any]:
        return self.run(stop_task())


class HUND_OT_cancel_server_task(bpy.types.Operator):
    """Stop; what was fetched is kept for the next time"""

    bl_idname = "hund.cancel_server_task"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return TASKS.job is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        TASKS.cancel()
        return {"FINISHED"}


class HUND_OT_copy_report(bpy.types.Operator):
    """Copy what the last installation or check had to say, for a bug report"""

    bl_idname = "hund.copy_report"
    bl_label = "Copy Report"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set("Press “Check” first")
        return TASKS.last is not None

    def execute(self, context: bpy.types.Context) -> set[Any]:
        assert TASKS.last is not None
        context.window_manager.clipboard = "\n".join(TASKS.last.report)
        self.report({"INFO"}, "The report was copied.")
        return {"FINISHED"}


CLASSES = (
    HUND_OT_install_server,
    HUND_OT_remove_server,
    HUND_OT_check_server,
    HUND_OT_start_server,
    HUND_OT_stop_server,
    HUND_OT_cancel_server_task,
    HUND_OT_copy_report,
)
