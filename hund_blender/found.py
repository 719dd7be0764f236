# SPDX-License-Identifier: GPL-3.0-or-later
"""People that were found and wait for the artist to choose among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import bpy.utils.previews

from .estimate import Person
from .placing import PhotoResult, Pieces, Place, Placing
from .progress import Ending
from .scene.arrays import show_picture
from .scene.restore import can_build


class Pick(NamedTuple):
    """A person by the numbers of the photo and of the person in it, from 0."""

    photo: int
    person: int


class Found:
    """Holds no data of Blender's, so undo and whatever the artist does meanwhile leave it alone."""

    def __init__(self) -> None:
        self.results: tuple[PhotoResult, ...] = ()
        self.chosen: set[Pick] = set()
        self.ending = Ending()
        self._place: Place | None = None
        self._icons: Any = None  # one preview for each person

    def keep(self, results: Sequence[PhotoResult], place: Place, ending: Ending) -> None:
        """Wait with these, everybody chosen at first; whoever waited before is discarded."""
        self.forget()
        self.results, self._place = tuple(results), place
        self.ending = ending
        self.chosen = set(self.people())
        self._icons = bpy.utils.previews.new()
        for pick in self.people():
            picture = self.person(pick).thumbnail
            if picture is not None:
                show_picture(self._icons.new(str(pick)), picture)

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

    def placing(self) -> Placing:
        """Work that makes what was asked for of the chosen; they wait until it is done."""
        place = self._place
        assert place is not None

        def place_and_forget(results: Sequence[PhotoResult]) -> Pieces:
            yield from place(results)
            self.forget()

        return Placing(self._chosen_results(), can_build, place_and_forget)

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
