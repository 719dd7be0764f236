# SPDX-License-Identifier: GPL-3.0-or-later
"""Where frames come from: a movie file, or images with numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import ClipError
from ..photo_files import PHOTO_EXTENSIONS

MOVIE_EXTENSIONS: Final = (
    *(".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".mxf"),
    *(".wmv", ".ogv", ".3gp", ".flv"),
)
FIRST_NUMBER: Final = 1  # of the frames of movies, as Blender counts them


@dataclass(frozen=True)
class Source:
    """A movie, or images by ascending frame numbers."""

    movie: Path | None = None
    images: Mapping[int, Path] | None = None

    @property
    def path(self) -> Path:
        """The file that names the source: the movie, or the first image."""
        if self.movie is not None:
            return self.movie
        assert self.images is not None
        return next(iter(self.images.values()))

    @property
    def first_number(self) -> int:
        return next(iter(self.images)) if self.images is not None else FIRST_NUMBER

    def to_json(self) -> dict[str, Any]:
        if self.movie is not None:
            return {"movie": str(self.movie)}
        assert self.images is not None
        return {"images": {str(number): str(path) for number, path in self.images.items()}}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Source:
        """Inverse of to_json."""
        if "movie" in kept:
            return cls(movie=Path(kept["movie"]))
        return cls(images={int(number): Path(path) for number, path in kept["images"].items()})


def is_movie(path: Path) -> bool:
    return path.suffix.lower() in MOVIE_EXTENSIONS


def is_image(path: Path) -> bool:
    return path.suffix.lower() in PHOTO_EXTENSIONS


def source_of(paths: Sequence[Path]) -> Source:
    """The clip in what somebody chose: one movie, a folder, an image of a sequence, or images."""
    if len(paths) == 1:
        return _source_at(paths[0])
    if not paths or not all(is_image(path) for path in paths):
        raise ClipError(
            "A clip is one movie, or numbered images.", "Choose one movie, or images only."
        )
    return Source(images=numbered(paths))


def _source_at(path: Path) -> Source:
    if path.is_dir():
        images = [file for file in path.iterdir() if is_image(file) and file.name[0] != "."]
        if not images:
            raise ClipError(f"There are no images in {path.name}.", "Choose another folder.")
        return Source(images=numbered(images))
    if not path.is_file():
        raise ClipError(f"There is no file {path}.", "Check that it still exists.")
    if is_image(path):
        return Source(images=numbered(sequence_round(path)))
    return Source(movie=path)


def sequence_round(image: Path) -> list[Path]:
    """All images of a folder whose names differ from this one's by the last number alone."""
    found = _LAST_NUMBER.fullmatch(image.stem)
    if found is None:
        return [image]
    before, _, after = found.groups()
    others = re.compile(re.escape(before) + r"\d+" + re.escape(after))
    return [
        file
        for file in image.parent.iterdir()
        if file.suffix == image.suffix and others.fullmatch(file.stem)
    ]


def numbered(paths: Iterable[Path]) -> dict[int, Path]:
    """Images by the last number in their names, ascending.

    Where names do not tell them apart they are counted, in natural order.
    """
    ordered = sorted(paths, key=lambda path: natural(path.stem))
    found = [_LAST_NUMBER.fullmatch(path.stem) for path in ordered]
    numbers = [int(match[2]) for match in found if match is not None]
    if len(set(numbers)) < len(ordered):
        numbers = list(range(FIRST_NUMBER, FIRST_NUMBER + len(ordered)))
    return dict(sorted(zip(numbers, ordered, strict=True)))


def natural(name: str) -> list[tuple[int, str]]:
    """A key to sort by, with which `shot2` comes before `shot10`."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


_LAST_NUMBER: Final = re.compile(r"(.*?)(\d+)(\D*)")
