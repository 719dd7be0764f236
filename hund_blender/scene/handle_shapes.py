# SPDX-License-Identifier: GPL-3.0-or-later
"""How handles look: discs of one metre's radius that face the camera, in the colour of what they
have to tell.
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any, Final

import bpy

from ..confidence import Grip, Step

Colour = tuple[float, float, float, float]

COLOURS: Final[dict[Step | Grip, Colour]] = {
    Step.SEEN: (0.10, 0.65, 0.15, 1.0),
    Step.UNSURE: (0.95, 0.75, 0.05, 1.0),
    Step.GUESSED: (0.85, 0.08, 0.08, 1.0),
    Grip.PINNED: (0.10, 0.45, 1.00, 1.0),
    Grip.DROPPED: (0.15, 0.15, 0.15, 1.0),
}
CORNERS: Final = 24
KIND: Final = "hund_handle"  # on meshes and materials: which kind of handle they are for


def handle_mesh(kind: Step | Grip) -> bpy.types.Mesh:
    """The shape of all handles of a kind, made when it is first wanted."""
    meshes: Any = bpy.data.meshes
    found = next((mesh for mesh in meshes if mesh.get(KIND) == kind.name), None)
    return found or _new_mesh(kind)


def _new_mesh(kind: Step | Grip) -> bpy.types.Mesh:
    name = f"HUND Handle {kind.name.capitalize()}"
    mesh = bpy.data.meshes.new(name)
    angles = [2 * pi * corner / CORNERS for corner in range(CORNERS)]
    mesh.from_pydata([(cos(a), sin(a), 0.0) for a in angles], [], [tuple(range(CORNERS))])
    material: Any = bpy.data.materials.new(name)
    material.diffuse_color = COLOURS[kind]
    mesh.materials.append(material)
    mesh[KIND] = material[KIND] = kind.name
    return mesh


def remove_unused_shapes() -> None:
    """Meshes first: they use the materials."""
    for holder in (bpy.data.meshes, bpy.data.materials):
        items: Any = holder
        for unused in [item for item in items if KIND in item and item.users == 0]:
            items.remove(unused)
