# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw results of clips: in `hund_clips` beside the file, or with the add-on until it is saved.

Characters keep a file's name alone, so that they find it wherever file and folder go together.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from ..clip.data import Clip, clip_bytes, read_clip, write_whole
from ..errors import ClipError

log = logging.getLogger(__name__)

FOLDER: Final = "hund_clips"
CLIP: Final = "hund_clip"  # on characters: JSON


@dataclass(frozen=True)
class Part:
    """What of which clip a character does."""

    file: str  # its name
    track: int
    place: tuple[float, float, float]  # what is at the armature's origin, in the clip's world
    start: int  # the scene's frame for the clip's first
    spacing: int = 1  # frames of the scene from one of the clip to the next
    finished: bool = True  # else there is more of the clip to look at


def remember_part(character: Any, part: Part) -> None:
    character[CLIP] = json.dumps(asdict(part))


def has_part(character: Any) -> bool:
    return CLIP in character


def part_of(character: Any) -> Part:
    """What `has_part` tells to be there."""
    kept = json.loads(character[CLIP])
    return Part(**kept | {"place": tuple(kept["place"])})


def file_name(clip: Clip, content: bytes) -> str:
    """A name by source and content: the same result has one file, others do not come in its way."""
    stem = bpy.path.clean_name(Path(clip.source).stem) or "clip"
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}.npz"


def store(folder: Path, clip: Clip) -> str:
    """Keep a clip in a folder; the name of its file. May be called in any thread."""
    content = clip_bytes(clip)
    path = folder / file_name(clip, content)
    write_whole(path, content)
    return path.name


def load(name: str) -> Clip:
    """A clip that was kept; ClipError where it is gone or damaged."""
    return read_clip(find(name))


def find(name: str) -> Path:
    for folder in _folders(bpy.data.filepath):
        if (folder / name).is_file():
            return folder / name
    raise ClipError(
        f"The clip's file {name} is missing.",
        f"Put it into a folder {FOLDER} beside this file, or import the clip again.",
    )


def folder_to_store_in() -> Path:
    return _folders(bpy.data.filepath)[0]


def _folders(blend: str) -> list[Path]:
    """Where a file's clips may be, the best place first."""
    beside = [Path(blend).parent / FOLDER] if blend else []
    return [*beside, _own_folder()]


def _own_folder() -> Path:
    """The extension's own folder for files; the session's where the add-on is no extension."""
    package = (__package__ or "").rpartition(".")[0]
    try:
        return Path(bpy.utils.extension_path_user(package, path="clips", create=True))
    except ValueError:
        return Path(bpy.app.tempdir) / FOLDER


_before: list[str] = [""]  # where the file was when saving began


@persistent  # type: ignore[untyped-decorator]
def before_saving(*_: object) -> None:
    _before[0] = bpy.data.filepath


@persistent  # type: ignore[untyped-decorator]
def bring_along(*_: object) -> None:
    """After saving: the clips of this file's characters lie beside it, wherever they were."""
    if not bpy.data.filepath:
        return
    beside = Path(bpy.data.filepath).parent / FOLDER
    for name in {part_of(thing).file for thing in bpy.data.objects if has_part(thing)}:
        source = next(
            (f / name for f in _folders(_before[0]) if (f / name).is_file()), beside / name
        )
        if source.is_file() and not (beside / name).is_file():
            try:
                _bring(source, beside / name)
            except OSError:
                log.exception("%s could not be brought to %s", name, beside)


def _bring(source: Path, target: Path) -> None:
    """Move what lies with the add-on, copy what another file may need."""
    target.parent.mkdir(exist_ok=True)
    transfer = shutil.move if source.parent == _own_folder() else shutil.copyfile
    transfer(str(source), str(target))
