# SPDX-License-Identifier: GPL-3.0-or-later
"""The body's materials, in the order of the asset's face_materials; all people share them."""

from typing import Any, Final, NamedTuple

import bpy

from ..compat import node_of_type, node_tree


class Look(NamedTuple):
    name: str
    color: tuple[float, float, float]
    roughness: float
    subsurface: float


LOOKS: Final = (
    Look("HUND Skin", (0.68, 0.46, 0.36), 0.5, 0.08),
    Look("HUND Eyes", (0.75, 0.75, 0.72), 0.1, 0.0),
    Look("HUND Mouth", (0.42, 0.12, 0.10), 0.35, 0.08),
)


def body_materials() -> list[bpy.types.Material]:
    """The file's own materials of these names, made where missing."""
    return [bpy.data.materials.get(look.name) or _make(look) for look in LOOKS]


def _make(look: Look) -> bpy.types.Material:
    material = bpy.data.materials.new(look.name)
    inputs: Any = node_of_type(node_tree(material), "BSDF_PRINCIPLED").inputs
    color: Any = (*look.color, 1.0)
    inputs["Base Color"].default_value = color
    inputs["Roughness"].default_value = look.roughness
    inputs["Subsurface Weight"].default_value = look.subsurface
    inputs["Subsurface Scale"].default_value = 0.01
    material.diffuse_color = color
    material.roughness = look.roughness
    return material
