# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON files beside photos that say where other programs, or people, see somebody in them.

The server knows their kinds; here they are only found and read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .errors import PhotoError

FOR_ALL: Final = "keypoints.json"  # of all photos in a folder
LARGEST_BYTES: Final = 32 * 1024**2


@dataclass(frozen=True)
class KeypointFile:
    content: Any  # as JSON is read
    photo_name: str  # files that speak of several photos know them by name


def names_for(photo: Path) -> tuple[str, ...]:
    """What a keypoint file of a photo may be called."""
    return f"{photo.stem}.json", f"{photo.stem}_keypoints.json", FOR_ALL


def keypoints_beside(photo: Path) -> KeypointFile:
    """The keypoints that lie beside a photo."""
    names = names_for(photo)
    file = next((photo.with_name(name) for name in names if photo.with_name(name).is_file()), None)
    if file is None:
        raise PhotoError(
            "There is no keypoint file beside the photo.",
            f"Put {' or '.join(names)} there, or turn off “Keypoint Files”.",
        )
    return KeypointFile(_read(file), photo.name)


def _read(file: Path) -> Any:
    remedy = "Write it again, or turn off “Keypoint Files”."
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise PhotoError(
                f"{file.name} is larger than {LARGEST_BYTES // 1024**2} MB.",
                "Leave only what is of these photos in it.",
            )
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PhotoError(f"{file.name} cannot be read ({error.strerror}).", remedy) from error
    except (ValueError, RecursionError) as error:
        raise PhotoError(f"{file.name} is no JSON ({error}).", remedy) from error
