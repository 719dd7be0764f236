# SPDX-License-Identifier: GPL-3.0-or-later
"""People that were found and wait for the artist to choose among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import bpy.utils.previews
import numpy as np

from .errors import SceneError
from .estimate import Person
from .job import PhotoResult
from .progress import Problem
from .scene.photo_image import photo_pixels
from .thumbnails import thumbnail

Place = Callable[[Sequence[PhotoResult]], Sequence[Problem]]


class Pick(NamedTuple):
    """A person by the numbers of the photo and of the person in it, from 0."""

    photo: int
    person: int


class Found:
    """Holds no data of Blender's, so undo and whatever the artist does meanwhile leave it alone."""

    def __init__(self) -> None:
        self.results: tuple[PhotoResult, ...] = ()
        self.chosen: set[Pick] = set()
        self.looks_through_camera = False
        self._place: Place | None = None
        self._icons: Any = None  # one preview for each person

    def keep(
        self, results: Sequence[PhotoResult], place: Place, *, looks_through_camera: bool
    ) -> None:
        """Wait with these, everybody chosen at first; whoever waited before is discarded."""
        self.forget()
        self.results, self._place = tuple(results), place
        self.looks_through_camera = looks_through_camera
        self.chosen = set(self.people())
        self._icons = bpy.utils.previews.new()
        for photo, result in enumerate(self.results):
            self._picture(photo, result)

    def people(self) -> Iterator[Pick]:
        for photo, result in enumerate(self.results):
            yield from (Pick(photo, person) for person in range(len(result.estimate.people)))

    def person(self, pick: Pick) -> Person:
        return self.results[pick.photo].estimate.people[pick.person]

    def icon_of(self, pick: Pick) -> int:
        """The number of the icon with this person's piece of the photo, 0 for none."""
        preview = self._icons.get(str(pick)) if self._icons is not None else None
        return int(preview.icon_id) if preview is not None else 0

    def toggle(self, pick: Pick) -> None:
        self.chosen ^= {pick} & set(self.people())

    def create(self) -> Sequence[Problem]:
        """Make what was asked for of the chosen; if nothing can be made now they go on waiting."""
        assert self._place is not None
        problems = self._place(self._chosen_results())
        self.forget()
        return problems

    def forget(self) -> None:
        if self._icons is not None:
            bpy.utils.previews.remove(self._icons)
        self.results, self.chosen = (), set()
        self._place, self._icons = None, None

    def _chosen_results(self) -> list[PhotoResult]:
        results = []
        for photo, result in enumerate(self.results):
            everybody = enumerate(result.estimate.people)
            people = tuple(who for number, who in everybody if Pick(photo, number) in self.chosen)
            if people:
                results.append(replace(result, estimate=replace(result.estimate, people=people)))
        return results

    def _picture(self, photo: int, result: PhotoResult) -> None:
        try:
            pixels = photo_pixels(result.path)
        except (SceneError, OSError):  # creating will say so; choosing works without pictures
            return
        for number, person in enumerate(result.estimate.people):
            picture = thumbnail(pixels, person.box_px)
            preview = self._icons.new(str(Pick(photo, number)))
            preview.image_size = picture.shape[1::-1]
            preview.image_pixels_float.foreach_set(np.ascontiguousarray(picture[::-1]).ravel())
