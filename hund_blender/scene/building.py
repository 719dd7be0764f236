# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos into a scene in pieces of one person each: all of a photo or nothing, one undo step.

The artist can do anything between two pieces, so that nothing of Blender's is kept from one to the
next but names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import bpy

from ..errors import SceneError
from ..placing import PhotoResult, Pieces
from ..progress import Problem, Progress, problem_of, unexpected
from .restore import Created, active_kept, in_scene, object_mode

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """Where one photo is built."""

    scene_name: str
    created: Created = field(default_factory=Created)

    @contextmanager
    def open(self) -> Iterator[tuple[Any, bpy.types.ViewLayer]]:
        """The scene and its view layer in object mode, for one piece."""
        scene = scene_called(self.scene_name)
        with (
            in_scene(scene) as view_layer,
            active_kept(view_layer),
            object_mode(view_layer),
            self.created.recording(),
        ):
            yield scene, view_layer


def scene_called(name: str) -> Any:
    scene = bpy.data.scenes.get(name)
    if scene is None:
        raise SceneError(f"The scene “{name}” is gone.", "Import the photos again.")
    return scene


def photo_by_photo(
    scene_name: str,
    results: Sequence[PhotoResult],
    build: Callable[[PhotoResult, Site], Iterator[str]],
    finish: Callable[[Any], None],
) -> Pieces:
    """`build` says before every person who comes next; `finish` gets the scene after the last.

    A photo that cannot be built is told and leaves nothing behind. If the pieces are not taken to
    their end, none does.
    """
    count, number = sum(len(result.estimate.people) for result in results), 0
    sites: list[Site] = []
    try:
        for result in results:
            sites.append(Site(scene_name))
            yield Progress(number / count, f"Building {result.path.stem}")
            try:
                for text in build(result, sites[-1]):
                    yield Progress(number / count, text)
                    number += 1
            except Exception as error:  # one photo must not take the others with it
                sites.pop().created.remove()
                yield _told(error, result.path.name)
        if sites:
            yield Progress(1.0, "Finishing")
            finish(scene_called(scene_name))
    except BaseException:
        for site in sites:
            site.created.remove()
        raise


def _told(error: Exception, subject: str) -> Problem:
    if isinstance(error, SceneError):
        return problem_of(error, subject)
    log.error("building %s failed", subject, exc_info=error)
    return unexpected(error, subject)
