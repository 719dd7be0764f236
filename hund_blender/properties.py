# SPDX-License-Identifier: GPL-3.0-or-later
"""The sliders of a character: what they show is what its armature is, what they are set to it
becomes at once."""

from __future__ import annotations

import logging
from typing import Any, Final

import bpy

from .errors import SceneError
from .scene.character import phenotypes_of
from .scene.shape import reshape

log = logging.getLogger(__name__)

SLIDERS: Final = ("age", "gender", "muscle", "weight", "height", "proportions")
PROPERTY: Final = "hund"  # of armatures
MIDDLE: Final = 0.5


def _slider(name: str, description: str) -> Any:
    def get(self: HundCharacter) -> float:
        return float(phenotypes_of(self.id_data).get(name, MIDDLE))

    def set_(self: HundCharacter, value: float) -> None:
        armature, view_layer = self.id_data, bpy.context.view_layer
        assert view_layer is not None
        try:
            reshape(view_layer, armature, phenotypes_of(armature) | {name: value})
        except SceneError as error:  # the panel says so too, and offers no slider then
            log.warning("%s", error)

    return bpy.props.FloatProperty(
        name=name.capitalize(),
        description=description,
        get=get,
        set=set_,
        default=MIDDLE,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options=set(),
    )


class HundCharacter(bpy.types.PropertyGroup):
    """Of every armature; without meaning for those that are no character of ours."""

    age: _slider("age", "0 newborn, 1/3 child, 2/3 young adult, 1 old")
    gender: _slider("gender", "0 male, 1 female")
    muscle: _slider("muscle", "0 slight, 1 strong")
    weight: _slider("weight", "0 thin, 1 heavy")
    height: _slider("height", "0 short, 1 tall for that age")
    proportions: _slider("proportions", "0 ideal, 1 uncommon")


CLASSES = (HundCharacter,)


def attach() -> None:
    pointer: Any = bpy.props.PointerProperty
    setattr(bpy.types.Armature, PROPERTY, pointer(type=HundCharacter))


def detach() -> None:
    delattr(bpy.types.Armature, PROPERTY)
