# SPDX-License-Identifier: GPL-3.0-or-later
"""The sliders and switches of a character: what they show is what its armature is, what they are
set to it becomes at once. And how corrections go, which is kept with the scene.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import bpy

from .clip_settings import HundClipSettings
from .errors import SceneError
from .scene.bone_colors import hide_confidence, show_confidence, shows_confidence
from .scene.character import bearers_of, phenotypes_of, rig_of_character
from .scene.framing import camera_follows
from .scene.shape import reshape
from .scene.sightings import sighting_of, was_sighted

log = logging.getLogger(__name__)

SLIDERS: Final = ("age", "gender", "muscle", "weight", "height", "proportions")
PROPERTY: Final = "hund"  # of armatures, objects and scenes
MIDDLE: Final = 0.5


def _slider(name: str, description: str) -> Any:
    def get(self: HundCharacter) -> float:
        return float(phenotypes_of(self.id_data).get(name, MIDDLE))

    def set_(self: HundCharacter, value: float) -> None:
        armature, view_layer = self.id_data, bpy.context.view_layer
        assert view_layer is not None
        try:
            with following(bpy.context.scene, armature):
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


def following(scene: Any, armature: Any) -> AbstractContextManager[None]:
    """What is done to a character inside, the photo's camera follows, if that is wanted."""
    wanted = correcting_of(scene).camera_follows
    return camera_follows(armature) if wanted else nullcontext()


def _confidence_switch() -> Any:
    def get(self: HundCharacter) -> bool:
        return shows_confidence(self.id_data)

    def set_(self: HundCharacter, wanted: bool) -> None:
        armature = self.id_data
        seen = next((one for one in bearers_of(armature) if was_sighted(one)), None)
        if not wanted:
            hide_confidence(armature)
        elif seen is not None:
            confidence = sighting_of(seen).person.joint_confidence
            show_confidence(armature, rig_of_character(armature), confidence)

    return bpy.props.BoolProperty(
        name="Show Confidence",
        description="Colour the bones by how clearly the photo shows them; seen in pose mode",
        get=get,
        set=set_,
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
    show_confidence: _confidence_switch()


class HundCorrecting(bpy.types.PropertyGroup):
    """Of every scene."""

    live: bpy.props.BoolProperty(
        name="Live",
        description="Correct whenever a handle has been dragged",
        default=True,
        options=set(),
    )
    body: bpy.props.BoolProperty(
        name="Body Too",
        description="Let corrections change the body's shape as well",
        default=False,
        options=set(),
    )
    camera_follows: bpy.props.BoolProperty(
        name="Camera Follows",
        description="Move the photo's camera along when its only person gets taller or shorter, "
        "so that the body stays as large as the person in the photo",
        default=True,
        options=set(),
    )


CLASSES = (HundCharacter, HundCorrecting, HundClipSettings)
OWNERS: Final = {
    bpy.types.Armature: HundCharacter,
    bpy.types.Scene: HundCorrecting,
    bpy.types.Object: HundClipSettings,
}


def correcting_of(scene: bpy.types.Scene | None) -> Any:
    """How corrections go in a scene."""
    return getattr(scene, PROPERTY)


def clip_settings_of(character: Any) -> Any:
    """The sliders of somebody whom a clip moves."""
    return getattr(character, PROPERTY)


def attach() -> None:
    pointer: Any = bpy.props.PointerProperty
    for owner, group in OWNERS.items():
        setattr(owner, PROPERTY, pointer(type=group))


def detach() -> None:
    for owner in OWNERS:
        delattr(owner, PROPERTY)
