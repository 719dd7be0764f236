# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies and image sequences that are open in Blender: movie clips, images, sequencer strips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy

from ..clip.sources import FIRST_NUMBER, Source, source_of
from ..compat import strip_range, strips_of
from ..errors import ClipError

MOVIE_CLIP: Final = "MOVIE_CLIP"
IMAGE: Final = "IMAGE"
STRIP: Final = "STRIP"


@dataclass(frozen=True)
class OpenMovie:
    """A clip, the part of it that is used, and where that plays in the scene."""

    source: Source
    start: int  # the scene's frame for `first`
    first: int
    last: int | None = None


def open_movies(scene: bpy.types.Scene) -> list[tuple[str, str]]:
    """Kinds and names of all that could be imported."""
    images = [image for image in bpy.data.images if image.source in ("MOVIE", "SEQUENCE")]
    strips = [strip for strip in strips_of(scene) if strip.type in ("MOVIE", "IMAGE")]
    found: Mapping[str, list[Any]] = {
        MOVIE_CLIP: list(bpy.data.movieclips),
        IMAGE: images,
        STRIP: strips,
    }
    return [(kind, thing.name) for kind, things in found.items() for thing in things]


def open_movie(scene: bpy.types.Scene, kind: str, name: str) -> OpenMovie:
    """What one of these is; ClipError where it is gone or has no files."""
    holders: Mapping[str, Any] = {
        MOVIE_CLIP: bpy.data.movieclips,
        IMAGE: bpy.data.images,
        STRIP: {strip.name: strip for strip in strips_of(scene)},
    }
    thing = holders[kind].get(name)
    if thing is None:
        raise ClipError(f"“{name}” is gone.", "Choose another clip.")
    read: Mapping[str, Callable[[Any], OpenMovie]] = {
        MOVIE_CLIP: _of_movie_clip,
        IMAGE: _of_image,
        STRIP: _of_strip,
    }
    return read[kind](thing)


def _of_movie_clip(clip: Any) -> OpenMovie:
    source = source_of([_path(clip)])
    return OpenMovie(source, clip.frame_start, source.first_number + clip.frame_offset)


def _of_image(image: Any) -> OpenMovie:
    if image.packed_file is not None:
        raise ClipError(f"“{image.name}” is packed.", "Unpack it, and import the file.")
    source = source_of([_path(image)])
    return OpenMovie(source, source.first_number, source.first_number)


def _of_strip(strip: Any) -> OpenMovie:
    start, length, cut = strip_range(strip)
    if strip.type == "MOVIE":
        source = source_of([_path(strip)])
    else:
        folder = Path(bpy.path.abspath(strip.directory))
        names = [folder / element.filename for element in strip.elements]
        source = Source(images=dict(enumerate(names, start=FIRST_NUMBER)))
    first = FIRST_NUMBER + cut
    return OpenMovie(source, start, first, first + length - 1)


def _path(thing: Any) -> Path:
    return Path(bpy.path.abspath(thing.filepath, library=getattr(thing, "library", None)))
