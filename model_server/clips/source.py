# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clip is to everything after it: frames that come one by one, and what was wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from model_server.arrays import ImageArray
from model_server.errors import HundError


@dataclass(frozen=True)
class ClipInfo:
    """Told before the first frame."""

    name: str  # of the file or folder
    width: int  # pixels of the upright original
    height: int
    fps: float  # of the frames that come out
    step: int  # between the numbers of two of them
    frames: int  # so many are expected; a file can be wrong about that
    exif_focal_px: float | None = None


@dataclass(frozen=True)
class Frame:
    number: int
    place: float  # where on the time line it was really taken; near `number`
    pixels: ImageArray  # (h, w, 3), may be fewer than the original's
    scale: float  # pixels of the original per pixel of `pixels`


@dataclass(frozen=True)
class Problem:
    """Something of a clip that could not be used; the rest goes on."""

    frame: int | None
    error: HundError

    @property
    def told(self) -> str:
        where = "" if self.frame is None else f"frame {self.frame}: "
        return where + self.error.told


class ClipSource(Protocol):
    """Frames in ascending order, each decoded only when it is asked for."""

    @property
    def info(self) -> ClipInfo: ...

    def __iter__(self) -> Iterator[Frame | Problem]: ...

    def stop(self) -> None:
        """End the iteration soon. May be called by any thread."""
        ...

    def close(self) -> None: ...
