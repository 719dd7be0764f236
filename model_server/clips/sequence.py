# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered images to frames, in the order of their numbers."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import Final

from model_server.clips.source import ClipInfo, Frame, Problem
from model_server.clips.timeline import FIRST_NUMBER, Wanted
from model_server.errors import BadRequestError, HundError, NotAClipError
from model_server.image import Photo, decode_photo

USUAL_FPS: Final = 24.0  # of images, which do not tell; Blender's own default
_ENDINGS: Final = (
    *(".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif"),
    *(".jp2", ".ppm"),
)

Load = Callable[[], bytes]


class ImageSource:
    """The frames of images, each decoded when its turn has come."""

    def __init__(
        self, name: str, images: Iterable[tuple[int, Load]], wanted: Wanted, count: int
    ) -> None:
        """From the numbers that are wanted, ascending, and what loads each image; there are `count`
        of them. Looks at the first that can be read, to know their size.
        """
        self._stopped = Event()
        self._read = self._decoded(images)
        self._before: list[Problem] = []
        number, photo = self._first()
        self._size = (photo.width, photo.height)
        self._opened: tuple[int, Photo] = (number, photo)
        fps = (wanted.fps or USUAL_FPS) / wanted.step
        self.info = ClipInfo(name, *self._size, fps, wanted.step, count, photo.exif_focal_px)

    def __iter__(self) -> Iterator[Frame | Problem]:
        yield from self._before
        yield _frame(*self._opened)
        for found in self._read:
            if isinstance(found, Problem):
                yield found
            else:
                yield self._of_one_size(*found)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        pass

    def _first(self) -> tuple[int, Photo]:
        for found in self._read:
            if not isinstance(found, Problem):
                return found
            self._before.append(found)
        if self._before:
            raise self._before[0].error
        raise NotAClipError("There are no images in this range.", "Check the frame numbers.")

    def _decoded(self, images: Iterable[tuple[int, Load]]) -> Iterator[tuple[int, Photo] | Problem]:
        for number, load in images:
            if self._stopped.is_set():
                return
            try:
                yield number, decode_photo(load())
            except HundError as error:
                yield Problem(number, error)

    def _of_one_size(self, number: int, photo: Photo) -> Frame | Problem:
        if (photo.width, photo.height) == self._size:
            return _frame(number, photo)
        told = f"Image {number} has {photo.width} x {photo.height} pixels, not {self._size[0]} x"
        remedy = "All images of a clip come from one camera: scale or leave out the others."
        return Problem(number, BadRequestError(f"{told} {self._size[1]} as the first.", remedy))


def _frame(number: int, photo: Photo) -> Frame:
    return Frame(number, float(number), photo.pixels, photo.scale)


def folder_source(folder: Path, wanted: Wanted) -> ImageSource:
    """The numbered images of a folder."""
    files = numbered(path for path in folder.iterdir() if is_image(path))
    if not files:
        raise NotAClipError(f"There are no images in {folder}.", "Choose a folder of images.")
    start = min(files) if wanted.first is None else wanted.first
    chosen = [n for n in files if wanted.covers(n) and (n - start) % wanted.step == 0]
    images = [(number, files[number].read_bytes) for number in chosen]
    return ImageSource(folder.name, images, wanted, len(chosen))


def is_image(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and not is_hidden(path)


def is_hidden(path: Path) -> bool:
    """Such files lie beside others on some disks, and are no images or clips."""
    return path.name.startswith(".")


def numbered(paths: Iterable[Path]) -> dict[int, Path]:
    """Files by the last number in their names, ascending; in natural order, counted from the first,
    where names do not tell them apart.
    """
    ordered = sorted(paths, key=lambda path: _natural(path.stem))
    numbers = [re.findall(r"\d+", path.stem) for path in ordered]
    last = [int(found[-1]) for found in numbers if found]
    if len(last) < len(ordered) or len(set(last)) < len(last):
        last = list(range(FIRST_NUMBER, FIRST_NUMBER + len(ordered)))
    return dict(sorted(zip(last, ordered, strict=True)))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which `shot2` comes before `shot10`."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
