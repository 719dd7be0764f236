# SPDX-License-Identifier: GPL-3.0-or-later
"""The sliders of clips: what is smoothed, locked and keyed, for imports and characters alike."""

from __future__ import annotations

import re
from dataclasses import fields
from math import isclose
from typing import Any, Final

import bpy

from .clip.cleanup import LOCOMOTION, NATURAL, PRESETS, SNAPPY, CleanUp
from .clip.keys import ADAPTIVE, BEZIER, CONSTANT, EVERY, EVERY_NTH, LINEAR, ONLY, KeySettings
from .clip.process import Settings

CLEAN_UP: Final = tuple(field.name for field in fields(CleanUp))
PRESET_TEXTS: Final = {
    NATURAL: "For most motion: calm, with strikes and jumps kept",
    SNAPPY: "For fights and dance: hardly smoothed, quick feet",
    LOCOMOTION: "For walks and runs: the way follows the feet",
}
SMOOTHING: Final = (
    *("root_s", "height_s", "trunk_s", "head_s", "arms_s", "legs_s", "fingers_s", "face_s"),
)
FEET: Final = ("blend_s", "keep_place_s", "speed_m_s", "floor")
USUAL: Final = CleanUp()
USUAL_KEYS: Final = KeySettings()


def _seconds(name: str, attribute: str, description: str) -> Any:
    return bpy.props.FloatProperty(
        name=name,
        description=f"{description}, in seconds",
        default=getattr(USUAL, attribute),
        min=0.0,
        soft_max=1.0,
        max=10.0,
        step=1,
        precision=2,
    )


def _take_preset(self: Any, _: bpy.types.Context) -> None:
    """Called with properties alone, which have no methods of ours."""
    for name in CLEAN_UP:
        setattr(self, name, getattr(PRESETS[self.preset], name))


class ClipSettings:
    """Mixed into operators and property groups, which Blender then gives these properties."""

    preset: bpy.props.EnumProperty(
        name="Preset",
        description="Sets all sliders of the clean-up",
        items=[(name, name.capitalize(), text) for name, text in PRESET_TEXTS.items()],
        update=_take_preset,
    )
    strength: bpy.props.FloatProperty(
        name="Strength",
        description="How much jitter is taken away: 0 nothing, 1 as the sliders below say",
        default=USUAL.strength,
        min=0.0,
        max=2.0,
        subtype="FACTOR",
    )
    root_s: _seconds("Way", "root_s", "Smoothing of the way over the floor")
    height_s: _seconds("Height", "height_s", "Smoothing of the hips' height")
    trunk_s: _seconds("Trunk", "trunk_s", "Smoothing of hips and spine")
    head_s: _seconds("Head", "head_s", "Smoothing of neck and head")
    arms_s: _seconds("Arms", "arms_s", "Smoothing of the arms; punches stay")
    legs_s: _seconds("Legs", "legs_s", "Smoothing of the legs; kicks stay")
    fingers_s: _seconds("Fingers", "fingers_s", "Smoothing of the fingers")
    face_s: _seconds("Face", "face_s", "Smoothing of the expression")
    fill_s: _seconds("Fill Gaps", "fill_s", "Longest gap that is filled in")
    lock_feet: bpy.props.BoolProperty(
        name="Lock Feet",
        description="Feet that stand stay where they stand; legs and hips follow",
        default=USUAL.lock_feet,
    )
    blend_s: _seconds("Blend", "blend_s", "How long a foot takes from free to locked")
    keep_place_s: bpy.props.FloatProperty(
        name="Follow Feet",
        description="For how many seconds hips follow the feet rather than the picture: more for"
        " walks on a treadmill of a camera, less where people slide on purpose",
        default=USUAL.keep_place_s,
        min=0.05,
        soft_max=10.0,
        max=100.0,
    )
    speed_m_s: bpy.props.FloatProperty(
        name="Foot Speed",
        description="Feet that are slower than this, in metres per second, stand",
        default=USUAL.speed_m_s,
        min=0.05,
        soft_max=2.0,
        max=10.0,
    )
    floor: bpy.props.FloatProperty(
        name="Floor",
        description="How much standing feet are brought to the floor, height 0",
        default=USUAL.floor,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    which: bpy.props.EnumProperty(
        name="Keys",
        description="On which frames",
        items=(
            (EVERY, "Every Frame", "A key on every frame"),
            (EVERY_NTH, "Every Nth", "A key every so many frames"),
            (ADAPTIVE, "Adaptive", "As few keys as play the same within bounds"),
            (ONLY, "Only These", "Keys on the frames you name, for pose-to-pose work"),
        ),
        default=USUAL_KEYS.which,
    )
    every: bpy.props.IntProperty(
        name="Nth Frame", description="Frames from key to key", default=USUAL_KEYS.every, min=1
    )
    angle_deg: bpy.props.FloatProperty(
        name="Angle",
        description="How far bones may be off between adaptive keys, in degrees",
        default=USUAL_KEYS.angle_deg,
        min=0.01,
        soft_max=10.0,
        max=90.0,
    )
    distance_mm: bpy.props.FloatProperty(
        name="Distance",
        description="How far hands, feet and head may be off, in millimetres",
        default=1000 * USUAL_KEYS.distance_m,
        min=0.01,
        soft_max=50.0,
        max=1000.0,
    )
    only: bpy.props.StringProperty(
        name="Frames", description="Frames of the scene, such as 1, 12, 24-30", default="1"
    )
    interpolation: bpy.props.EnumProperty(
        name="Between Keys",
        description="How Blender gets from key to key",
        items=(
            (LINEAR, "Linear", "Straight from key to key"),
            (BEZIER, "Bezier", "Smooth curves with handles"),
            (CONSTANT, "Constant", "Stepped, as for blocking"),
        ),
        default=USUAL_KEYS.interpolation,
    )

    def clean_up(self) -> CleanUp:
        return CleanUp(**{name: getattr(self, name) for name in CLEAN_UP})

    def is_at(self, preset: str) -> bool:
        """Whether all sliders are as a preset sets them; Blender keeps them in 32 bits."""
        pairs = ((getattr(self, name), getattr(PRESETS[preset], name)) for name in CLEAN_UP)
        return all(isclose(own, usual, abs_tol=1e-5) for own, usual in pairs)

    def take_clean_up(self, chosen: CleanUp) -> None:
        """Inverse of clean_up."""
        for name in CLEAN_UP:
            setattr(self, name, getattr(chosen, name))

    def chosen_settings(self, start: int, spacing: int = 1) -> Settings:
        keys = KeySettings(
            which=self.which,
            every=self.every,
            angle_deg=self.angle_deg,
            distance_m=self.distance_mm / 1000,
            only=parse_frames(self.only) if self.which == ONLY else (),
            interpolation=self.interpolation,
            start=start,
            spacing=spacing,
        )
        return Settings(self.clean_up(), keys)

    def take_settings(self, settings: Settings) -> None:
        """Inverse of chosen_settings."""
        self.take_clean_up(settings.clean_up)
        keys = settings.keys
        self.which, self.every, self.interpolation = keys.which, keys.every, keys.interpolation
        self.angle_deg, self.distance_mm = keys.angle_deg, 1000 * keys.distance_m
        if keys.only:
            self.only = ", ".join(str(frame) for frame in keys.only)


def parse_frames(text: str) -> tuple[int, ...]:
    """`1, 12, 24-30` as frames; what is no number is left out."""
    frames: set[int] = set()
    for first, last in re.findall(r"(-?\d+)(?:\s*[-–]\s*(\d+))?", text):
        frames.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(frames))


class HundClipSettings(ClipSettings, bpy.types.PropertyGroup):
    """Of every object; without meaning for those that no clip moves."""


def draw_keys(layout: Any, settings: Any) -> None:
    layout.prop(settings, "which")
    if settings.which == EVERY_NTH:
        layout.prop(settings, "every")
    if settings.which == ADAPTIVE:
        layout.prop(settings, "angle_deg")
        layout.prop(settings, "distance_mm")
    if settings.which == ONLY:
        layout.prop(settings, "only")
    layout.prop(settings, "interpolation")


def draw_clean_up(layout: Any, settings: Any) -> None:
    """All sliders, by what they do."""
    smooth = layout.column(align=True)
    for name in SMOOTHING:
        smooth.prop(settings, name)
    layout.prop(settings, "fill_s")
    layout.prop(settings, "lock_feet")
    feet = layout.column(align=True)
    feet.active = settings.lock_feet
    for name in FEET:
        feet.prop(settings, name)
