# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server is used: the installed one, that of another Python, or one that runs elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from .connection import ServerSettings
from .feedback import characters_across, draw_problem, draw_text
from .import_settings import DEFAULTS, ImportDefaults
from .installer.environment import Environment, State
from .installer.machine import Device
from .server_process import ENVIRONMENT_VARIABLE, chosen_python
from .server_tasks import PROBE, TASKS, find_environment
from .task import Task

LABEL_MARGIN_PX: Final = 120
SIZES: Final = {
    Device.CPU: "Fetches about 200 MB once. Needs 1.2 GB of disk, half of it for a moment.",
    Device.NVIDIA: "Fetches about 1.7 GB once. Needs 6.5 GB of disk, half of it for a moment.",
}


class HundPreferences(ImportDefaults, bpy.types.AddonPreferences):
    bl_idname = __package__

    device: bpy.props.EnumProperty(
        name="Runs on",
        items=(
            ("CPU", "CPU", "Works everywhere, and a photo takes hardly longer"),
            ("NVIDIA", "NVIDIA GPU", "For the networks; people are found on the CPU all the same"),
        ),
    )
    server_python: bpy.props.StringProperty(
        name="Server Python",
        description="Python of a server's environment that you made, "
        f"in place of the installed one (or set {ENVIRONMENT_VARIABLE})",
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

    detector: bpy.props.StringProperty(
        name="Own Detector",
        description="An ONNX file of a whole-body detector (RTMW, DWPose and others with 133"
        " keypoints) that sees people in place of the server's own; empty for none",
        subtype="FILE_PATH",
    )

    smplx: bpy.props.StringProperty(
        name="SMPL-X Model",
        description="A model file that you have, SMPLX_NEUTRAL.npz or the like, for characters with"
        " the rig SMPL-X; empty for none",
        subtype="FILE_PATH",
    )

    mhr_model: bpy.props.StringProperty(
        name="MHR Model",
        description="mhr_model.pt of SAM 3D Body's checkpoint or MHR's release, for results that"
        " tell MHR's parameters; empty for one beside the result, or none",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        characters = characters_across(context, LABEL_MARGIN_PX)
        environment = find_environment()
        if TASKS.job is not None:
            draw_task(layout.box(), TASKS.job)
        elif environment is not None:
            _draw_installation(layout.box(), self, environment, characters)
        if is_set_up(server_settings(context)) or TASKS.last is not None:
            _draw_check(layout, characters)
        _draw_others(layout.box(), self)
        _draw_defaults(layout.box(), self)


def _draw_installation(
    layout: bpy.types.UILayout, chosen: Any, environment: Environment, characters: int
) -> None:
    state = environment.state
    if state is State.READY and environment.device is not None:
        layout.label(text=f"Model server installed for {environment.device.name}", icon="CHECKMARK")
    elif state is State.OUTDATED:
        layout.label(text="The model server is damaged or of another release", icon="ERROR")
    else:
        layout.label(text="The model server is not installed", icon="IMPORT")
    if environment.bundle is None:
        draw_text(
            layout,
            "This edition of the add-on brings no server. Install the full edition's zip, or set a"
            " server below.",
            characters,
        )
    else:
        _draw_install(layout, chosen, environment, characters)
    if environment.has_remains:
        layout.operator("hund.remove_server", text="Remove", icon="TRASH")


def _draw_install(
    layout: bpy.types.UILayout, chosen: Any, environment: Environment, characters: int
) -> None:
    device, state = Device[chosen.device], environment.state
    row = layout.row()
    row.prop(chosen, "device", expand=True)
    if state is State.READY and environment.device is device:
        return
    layout.label(text=f"{PROBE.text}.")
    updates = state is State.OUTDATED and environment.device is device
    label = "Update Model Server" if updates else "Install Model Server"
    draw_install_button(layout, device, label, characters)


def draw_install_button(
    layout: bpy.types.UILayout, device: Device, label: str, characters: int
) -> None:
    """With what it takes, and what stands in the way."""
    draw_text(layout, SIZES[device], characters)
    if not bpy.app.online_access:
        _draw_offline(layout, characters)
    button = layout.row()
    button.scale_y = 1.4
    button.operator("hund.install_server", text=label, icon="IMPORT").device = device.name


def _draw_offline(layout: bpy.types.UILayout, characters: int) -> None:
    box = layout.box()
    box.label(text="Blender may not go online", icon="INTERNET_OFFLINE")
    draw_text(
        box,
        "What the server needs is fetched once, from pypi.org and github.com. Photos never leave"
        " this computer.",
        characters,
    )
    if bpy.app.online_access_override:
        draw_text(box, "Blender was started with --offline-mode: start it without.", characters)
    else:
        box.prop(bpy.context.preferences.system, "use_online_access")


def draw_task(layout: bpy.types.UILayout, task: Task) -> None:
    row = layout.row()
    row.progress(factor=task.progress.fraction, text=f"{task.progress.fraction:.0%}")
    text = "Stopping" if task.was_cancelled else task.progress.text
    layout.label(text=text)
    layout.operator("hund.cancel_server_task", icon="CANCEL")


def _draw_check(layout: bpy.types.UILayout, characters: int) -> None:
    row = layout.row()
    row.operator("hund.check_server", icon="CHECKMARK")
    row.operator("hund.copy_report", icon="COPYDOWN")
    if TASKS.job is not None or TASKS.last is None:
        return
    box = layout.box()
    for problem in TASKS.problems:
        draw_problem(box, problem, characters)
    if not TASKS.problems:
        for line in TASKS.last.report:
            draw_text(box, line, characters)


def _draw_others(layout: bpy.types.UILayout, chosen: Any) -> None:
    column = layout.column()
    column.active = not chosen.remote_address  # which is started with its own
    column.prop(chosen, "detector")
    column.prop(chosen, "smplx")
    layout.prop(chosen, "mhr_model")
    layout.separator()
    layout.label(text="Instead of the installed server")
    layout.prop(chosen, "server_python")
    layout.prop(chosen, "remote_address")
    row = layout.row()
    row.active = bool(chosen.remote_address)
    row.prop(chosen, "remote_token")


def _draw_defaults(layout: bpy.types.UILayout, chosen: Any) -> None:
    layout.label(text="Imports begin with")
    for name in DEFAULTS:
        layout.prop(chosen, name)


def import_defaults(context: bpy.types.Context) -> dict[str, Any]:
    """What imports begin with, by name; nothing where the add-on runs without being installed."""
    addon = context.preferences.addons.get(__package__ or "")
    return {} if addon is None else {name: getattr(addon.preferences, name) for name in DEFAULTS}


def server_settings(context: bpy.types.Context) -> ServerSettings:
    """The preferences, or their defaults where the add-on runs without being installed."""
    online = bool(bpy.app.online_access)
    addon = context.preferences.addons.get(__package__ or "")
    if addon is None:
        return ServerSettings(online_access=online)
    chosen = addon.preferences
    return ServerSettings(
        python=chosen.server_python,
        installed=find_environment(),
        remote_address=chosen.remote_address,
        remote_token=chosen.remote_token,
        online_access=online,
        detector=bpy.path.abspath(chosen.detector),
        smplx=bpy.path.abspath(chosen.smplx),
    )


def chosen_mhr_model(context: bpy.types.Context) -> Path | None:
    """The file of MHR's model that the preferences name."""
    addon = context.preferences.addons.get(__package__ or "")
    named = "" if addon is None else addon.preferences.mhr_model.strip()
    return Path(bpy.path.abspath(named)).expanduser() if named else None


def is_set_up(settings: ServerSettings) -> bool:
    """Whether there is a server to ask, as far as one can tell without asking it."""
    installed = settings.installed
    return bool(
        settings.remote_address.strip()
        or chosen_python(settings.python)
        or (installed is not None and installed.state is State.READY)
    )
