# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import shows outside the panel: status bar, camera view, messages at the end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, Literal

import bpy
import numpy as np

from .job import Job
from .placing import Placing
from .progress import Ending, Problem
from .scene.restore import override
from .task import Task
from .text import wrapped

PHOTOS: Final = "Import People from Photos"
POPUP_CHARACTERS: Final = 70
CHARACTER_PX: Final = 6.6
SETTLED_S: Final = 0.3


def show_progress(job: Job | Placing, ending: Ending) -> None:
    """Bring every window up to date with a job; called on every tick of its timer."""
    told = f"HUND: {job.progress.text}  {job.progress.time_left}".rstrip()
    status = None if job.is_finished else told
    for window in bpy.context.window_manager.windows:
        window.workspace.status_text_set(status)
    redraw_sidebars(job)
    if job.is_finished and not job.was_cancelled:
        _show_ending(job, ending)


def _show_ending(job: Job | Placing, ending: Ending) -> None:
    if job.placed and ending.use_camera:
        look_through_camera()
    if job.problems:
        pop_up(job.problems, PHOTOS)
    elif ending.news is not None:
        pop_up([ending.news], PHOTOS, "INFO")


def _views(window: bpy.types.Window) -> Iterator[bpy.types.Area]:
    return (area for area in window.screen.areas if area.type == "VIEW_3D")


def look_through_camera() -> None:
    """The largest 3D view of the first window shows what the photo's camera sees; whoever turns the
    view then, turns it round the active person.
    """
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is None or window.scene.camera is None:
        return
    view = max(_views(window), key=lambda area: area.width * area.height, default=None)
    if view is None:
        return
    view.spaces.active.region_3d.view_perspective = "CAMERA"
    active = window.view_layer.objects.active
    if active is not None:
        world, middle = np.array(active.matrix_world), np.mean(active.bound_box, 0)
        middle_of_person = world[:3, :3] @ middle + world[:3, 3]
        view.spaces.active.region_3d.view_location = middle_of_person.tolist()
    region = next(region for region in view.regions if region.type == "WINDOW")
    with override(window=window, area=view, region=region):
        bpy.ops.view3d.view_center_camera()


def pop_up(problems: list[Problem], title: str, icon: Literal["ERROR", "INFO"] = "ERROR") -> None:
    """A menu that tells what went wrong, or what there is to know."""
    window = next(iter(bpy.context.window_manager.windows), None)
    if window is None:
        return
    with override(window=window):
        window_manager = bpy.context.window_manager
        window_manager.popup_menu(
            lambda menu, _: _draw(menu, problems),
            title=title,
            icon=icon,
        )
    # Panels that have just grown move apart over some redraws, which the menu keeps from them.
    bpy.app.timers.register(partial(redraw_sidebars, None), first_interval=SETTLED_S)


def _draw(menu: Any, problems: list[Problem]) -> None:
    for problem in problems:
        draw_problem(menu.layout, problem, POPUP_CHARACTERS)


def redraw_sidebars(_: object) -> None:
    """Of all 3D views, which themselves may take long to draw."""
    for window in bpy.context.window_manager.windows:
        for view in _views(window):
            for region in view.regions:
                if region.type == "UI":
                    region.tag_redraw()


def show_task(task: Task) -> None:
    """Preferences and sidebars show the progress of a task and what can be done after it."""
    redraw_sidebars(task)
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
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
