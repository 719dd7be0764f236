# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import of a clip shows outside the panel."""

from __future__ import annotations

import bpy

from .clip.job import ClipJob
from .feedback import look_through_camera, pop_up, redraw_sidebars


def show_clip(job: ClipJob, *, use_camera: bool) -> None:
    """Bring every window up to date with a job; called on every tick of its timer."""
    status = None if job.is_finished else f"HUND: {job.progress.text}"
    for window in bpy.context.window_manager.windows:
        window.workspace.status_text_set(status)
    redraw_sidebars(job)
    if job.is_finished and job.placed and use_camera:
        look_through_camera()
    if job.is_finished and job.problems and not job.was_cancelled:
        pop_up(job.problems, "Import People from Clip")
