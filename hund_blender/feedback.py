# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import shows outside the panel: status bar, camera view, messages at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import bpy

from .job import Job
from .progress import Problem
from .scene.restore import override
from .task import Task
from .text import wrapped

POPUP_CHARACTERS: Final = 70
CHARACTER_PX: Final = 6.6


def show_progress(job: Job, *, use_camera: bool) -> None:
    """Bring every window up to date with a job; called on every tick of its timer."""
    status = None if job.is_finished else f"HUND: {job.progress.text}"
    for window in bpy.context.window_manager.windows:
        window.workspace.status_text_set(status)
        for area in _views(window):
            area.tag_redraw()
    if job.is_finished and job.placed and use_camera:
        look_through_camera()
    if job.is_finished and job.problems and not job.was_cancelled:
        _pop_up(job.problems)


def _views(window: bpy.types.Window) -> Iterator[bpy.types.Area]:
    return (area for area in window.screen.areas if area.type == "VIEW_3D")


def look_through_camera() -> None:
    """The largest 3D view of the first window shows what the photo's camera sees."""
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is None or window.scene.camera is None:
        return
    view = max(_views(window), key=lambda area: area.width * area.height, default=None)
    if view is None:
        return
    view.spaces.active.region_3d.view_perspective = "CAMERA"
    region = next(region for region in view.regions if region.type == "WINDOW")
    with override(window=window, area=view, region=region):
        bpy.ops.view3d.view_center_camera()


def _pop_up(problems: list[Problem]) -> None:
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is None:
        return
    with override(window=window):
        window_manager = bpy.context.window_manager
        window_manager.popup_menu(
            lambda menu, _: _draw(menu, problems),
            title="Import People from Photos",
            icon="ERROR",
        )


def _draw(menu: Any, problems: list[Problem]) -> None:
    for problem in problems:
        draw_problem(menu.layout, problem, POPUP_CHARACTERS)


def redraw_views(_: object) -> None:
    """Sidebars show every tick of a correction."""
    for window in bpy.context.window_manager.windows:
        for area in _views(window):
            area.tag_redraw()


def show_task(task: Task) -> None:
    """Preferences show every tick of a task; sidebars what can be done after it."""
    kinds = {"PREFERENCES", "VIEW_3D"} if task.step() else {"PREFERENCES"}
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in kinds:
                area.tag_redraw()


def characters_across(context: bpy.types.Context, margin_px: float) -> int:
    """How many characters fit into the region beside a margin."""
    scale = context.preferences.system.ui_scale
    return max(16, int((context.region.width / scale - margin_px) / CHARACTER_PX))


def draw_text(layout: bpy.types.UILayout, text: str, characters: int) -> None:
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in wrapped(text, characters):
        column.label(text=line)


def draw_problem(layout: bpy.types.UILayout, problem: Problem, characters: int) -> None:
    """A problem in lines of so many characters."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    if problem.subject:
        column.label(text=problem.subject, icon="FILE_IMAGE")
    for line in (*wrapped(problem.message, characters), *wrapped(problem.remedy, characters)):
        column.label(text=line)
