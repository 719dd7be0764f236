# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters remember where they were seen, through saving and copying."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import bpy

from ..sighting import Sighting

SIGHTING: Final = "hund_sighting"  # on armature objects: JSON
CAMERA: Final = "hund_camera"  # on armature objects: the camera that sees them as the photo does


def remember_sighting(character: Any, sighting: Sighting) -> None:
    character[SIGHTING] = sighting.to_json()


def remember_camera(character: bpy.types.Object, camera: bpy.types.Object) -> None:
    character[CAMERA] = camera


def forget_sighting(character: Any) -> None:
    """The character is no longer posed as in its photo."""
    if SIGHTING in character:
        del character[SIGHTING]


def was_sighted(character: Any) -> bool:
    return SIGHTING in character


def sighting_of(character: bpy.types.Object) -> Sighting:
    """What `was_sighted` tells to be there."""
    return _read(character[SIGHTING])


@lru_cache(maxsize=8)
def _read(text: str) -> Sighting:
    """Panels ask with every redraw."""
    return Sighting.from_json(text)


def camera_of(character: Any) -> Any:
    """The photo's camera, or None where there is none or it was deleted."""
    camera: Any = character.get(CAMERA)
    scenes: Any = camera.users_scene if camera is not None else ()
    return camera if len(scenes) else None
