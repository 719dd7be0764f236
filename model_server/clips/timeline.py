# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of a source are wanted, and where they stand in time on what comes out."""

from dataclasses import dataclass
from typing import Final

FIRST_NUMBER: Final = 1  # of a video's frames, as Blender counts them
_ON_TIME: Final = 0.05  # of a frame: many files round their timestamps to milliseconds


@dataclass(frozen=True)
class Wanted:
    """What somebody asked for. `first` and `last` are frame numbers of the source, both included;
    without `fps` the source keeps its own frames and their numbers.
    """

    fps: float | None = None
    first: int | None = None
    last: int | None = None
    step: int = 1

    def covers(self, number: int) -> bool:
        after = self.first is None or number >= self.first
        return after and (self.last is None or number <= self.last)


@dataclass(frozen=True)
class Timeline:
    """Frames come out at `first`, `first + step`, … and `rate` numbers make a second.

    A frame of the source belongs to the nearest of them; where it does not stand on it exactly,
    `place` keeps by how much, so that motion can be resampled and does not judder.
    """

    first: int
    step: int
    rate: float

    @property
    def fps(self) -> float:
        """Of the frames that come out."""
        return self.rate / self.step

    def place(self, seconds: float) -> float:
        """Where a frame stands that is shown so many seconds after the first wanted one."""
        place = self.first + seconds * self.rate
        whole = round(place)
        return float(whole) if abs(place - whole) < _ON_TIME else place

    def number(self, place: float) -> int:
        """The frame that comes out nearest to a place."""
        return self.first + self.step * round((place - self.first) / self.step)

    def count(self, seconds: float) -> int:
        """How many frames come out of a source that ends after so many seconds."""
        return int(seconds * self.rate / self.step) + 1
