# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo's camera that keeps its only person as large as they are in the photo.

Whoever is taller stands farther away: a photo cannot tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .body_data import body_of
from .character import bearers_of, phenotypes_of
from .shape import standing
from .sightings import CAMERA, camera_of, was_sighted


@contextmanager
def camera_follows(armature: Any) -> Iterator[None]:
    """Move the photo's camera along with what the block does to the stature of a character."""
    cameras = own_cameras(armature)
    before = _stature_m(armature) if cameras else 1.0
    yield
    for character, camera in cameras:
        root = character.matrix_world @ character.pose.bones[0].head
        below = root.copy()
        below.z = character.location.z
        camera.location = below + (_stature_m(armature) / before) * (camera.location - below)


def own_cameras(armature: Any) -> list[tuple[Any, Any]]:
    """Characters of this armature as in their photo, each with the camera that sees nobody else."""
    characters: list[Any] = [one for one in bearers_of(armature) if was_sighted(one)]
    pairs = [(one, camera_of(one)) for one in characters]
    return [(one, camera) for one, camera in pairs if camera is not None and _sees_one(camera)]


def _sees_one(camera: Any) -> bool:
    things: Any = bpy.data.objects
    return len([thing for thing in things if thing.get(CAMERA) == camera]) == 1


def _stature_m(armature: Any) -> float:
    return float(standing(body_of(armature), phenotypes_of(armature)).vertices[:, 2].max())
