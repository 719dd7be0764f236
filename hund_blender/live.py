# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of their own accord: when handles were dragged and have come to rest, or deleted."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from .correcting import CORRECTIONS, correction_job, edited_characters, is_dragging
from .feedback import redraw_sidebars
from .importing import SLOT
from .preferences import server_settings
from .properties import correcting_of
from .scene.handles import correction_of, is_handle
from .scene.sightings import sighting_of
from .sighting import Correction

QUIET_S: Final = 0.05
MESSAGE: Final = "Correct"


class Live:
    """Watches the handles. What undo or loading makes of them is no drag and starts nothing."""

    def __init__(self) -> None:
        self._known: dict[str, Correction] = {}  # by character: what its handles said last
        self._scene = ""  # name of the one to correct in
        self._tick = self.fire  # timers go by identity, and methods have a new one every time

    def soon(self, scene: Any) -> None:
        """Correct after a moment without changes, if that is wanted and there is a clock."""
        if correcting_of(scene).live and not bpy.app.background:
            self._scene = scene.name
            self.forget_timer()
            bpy.app.timers.register(self._tick, first_interval=QUIET_S)

    def fire(self) -> float | None:
        """Correct the first character whose handles say something new; called by a timer."""
        scene = bpy.data.scenes.get(self._scene)
        if scene is None or not correcting_of(scene).live:
            return None
        if CORRECTIONS.job is not None or SLOT.job is not None or is_dragging():
            return QUIET_S
        for character in edited_characters():
            correction = self._news_of(character)
            if correction is not None:
                settings = server_settings(bpy.context)
                job = correction_job(scene, character, correction, settings, MESSAGE)
                CORRECTIONS.run_in_background(job, redraw_sidebars)
                return QUIET_S
        return None

    def _news_of(self, character: Any) -> Correction | None:
        """What the handles of a character say, if they have not said so before."""
        sighting, name = sighting_of(character), character.name
        correction = correction_of(character, sighting)
        said = (sighting.correction, self._known.get(name))
        self._known[name] = correction
        return None if correction in said else correction

    def take_for_known(self) -> None:
        """What the handles say now has been there before."""
        self.forget_timer()
        self._known = {
            character.name: correction_of(character, sighting_of(character))
            for character in edited_characters()
        }

    def forget_timer(self) -> None:
        if bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.unregister(self._tick)


def may_tell_news(update: Any) -> bool:
    """Whether a handle was moved, or anything at all added or deleted."""
    if isinstance(update.id, bpy.types.Collection):
        return True
    return update.is_updated_transform and is_handle(update.id.original)


LIVE: Final = Live()


@persistent  # type: ignore[untyped-decorator]
def on_depsgraph_update(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    if any(may_tell_news(update) for update in depsgraph.updates):
        LIVE.soon(scene)


@persistent  # type: ignore[untyped-decorator]
def on_other_state(*_: object) -> None:
    """After undo, redo and loading."""
    LIVE.take_for_known()


def attach() -> None:
    handlers = bpy.app.handlers
    handlers.depsgraph_update_post.append(on_depsgraph_update)
    for moments in (handlers.undo_post, handlers.redo_post, handlers.load_post):
        moments.append(on_other_state)


def detach() -> None:
    LIVE.forget_timer()
    handlers = bpy.app.handlers
    handlers.depsgraph_update_post.remove(on_depsgraph_update)
    for moments in (handlers.undo_post, handlers.redo_post, handlers.load_post):
        moments.remove(on_other_state)
