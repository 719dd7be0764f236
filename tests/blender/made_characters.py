# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters that a clip made here moves, without a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy

from hund_blender import clip_importing
from hund_blender.body import Body
from hund_blender.clip.cleanup import AS_SEEN
from hund_blender.clip.data import Clip
from hund_blender.clip.keys import KeySettings
from hund_blender.clip.process import Settings
from hund_blender.scene.clip_people import ClipOptions
from hund_blender.scene.clip_placing import Placement
from hund_blender.scene.clip_store import folder_to_store_in, store

RAW = Settings(replace(AS_SEEN, fill_s=0.5), KeySettings())


def clip_options(settings: Settings = RAW, **others: Any) -> ClipOptions:
    return clip_importing.clip_options(settings, **others)


def place(clip: Clip, body: Body, options: ClipOptions | None = None) -> None:
    """Put a clip into the scene, whose frame rate becomes that of the clip."""
    scene = bpy.context.scene
    scene.render.fps = round(clip.fps)
    placement = Placement(scene.name, None, "walk", options or clip_options())
    put(placement, clip, body)


def put(placement: Placement, clip: Clip, body: Body) -> None:
    """All that a job does with a result."""
    for _ in placement.plan(clip, body, store(folder_to_store_in(), clip))()():
        pass
