# SPDX-License-Identifier: GPL-3.0-or-later
"""The materials all people share: those of the asset's face_materials, then the iris."""

from typing import Any, Final, NamedTuple

import bpy

from ..compat import node_of_type, node_tree


class Look(NamedTuple):
    name: str
    color: tuple[float, float, float]  # linear
    viewport: tuple[float, float, float]  # lighter, as the solid view shades darkly
    roughness: float
    subsurface: float


LOOKS: Final = (
    Look("HUND Skin", (0.60, 0.36, 0.26), (0.90, 0.62, 0.47), 0.5, 0.08),
    Look("HUND Eyes", (0.75, 0.75, 0.72), (0.95, 0.95, 0.92), 0.1, 0.0),
    Look("HUND Mouth", (0.42, 0.12, 0.10), (0.55, 0.18, 0.15), 0.35, 0.08),
    Look("HUND Iris", (0.045, 0.025, 0.015), (0.07, 0.04, 0.02), 0.1, 0.0),
)


GREY: Final = Look("HUND Grey", (0.5, 0.5, 0.5), (0.65, 0.65, 0.65), 0.6, 0.0)


def body_materials() -> list[bpy.types.Material]:
    """The file's own materials of these names, made where missing."""
    return [_material(look) for look in LOOKS]


def paint_grey(mesh: Any) -> None:
    """One plain material in all slots; what is skin, eye and mouth can still be told apart."""
    for slot in range(len(mesh.materials)):
        mesh.materials[slot] = _material(GREY)


def _material(look: Look) -> bpy.types.Material:
    return bpy.data.materials.get(look.name) or _make(look)


def _make(look: Look) -> bpy.types.Material:
    material = bpy.data.materials.new(look.name)
    inputs: Any = node_of_type(node_tree(material), "BSDF_PRINCIPLED").inputs
    color: Any = (*look.color, 1.0)
    viewport: Any = (*look.viewport, 1.0)
    inputs["Base Color"].default_value = color
    inputs["Roughness"].default_value = look.roughness
    inputs["Subsurface Weight"].default_value = look.subsurface
    inputs["Subsurface Scale"].default_value = 0.01
    material.diffuse_color = viewport
    material.roughness = look.roughness
    return material
