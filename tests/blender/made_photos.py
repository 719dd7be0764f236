# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos with people made here, and what the add-on builds of them."""

from pathlib import Path
from typing import Any

import bpy
import made_people
from pictures import write_picture

from hund_blender.body import Body
from hund_blender.estimate import parse_estimate
from hund_blender.placing import PhotoResult, Pieces
from hund_blender.progress import Problem
from hund_blender.scene.people import DEFAULT_SCENE, SceneOptions, add_photos


def made_result(
    body: Body, path: Path, people: list[dict[str, Any]], width: int = 640, height: int = 480
) -> PhotoResult:
    write_picture(path, width, height)
    return PhotoResult(path, parse_estimate(made_people.answer(people, width, height)), body)


def add(*results: PhotoResult, options: SceneOptions = DEFAULT_SCENE) -> None:
    assert problems_of(add_photos(bpy.context.scene.name, results, options)) == []


def problems_of(pieces: Pieces) -> list[Problem]:
    """Build everything; what was told to go wrong."""
    return [piece for piece in pieces if isinstance(piece, Problem)]


def meshes_of(collection: str) -> list[bpy.types.Object]:
    return [ob for ob in bpy.data.collections[collection].objects if ob.type == "MESH"]
