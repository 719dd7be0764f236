# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist chooses before an import, whatever the photos come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import bpy

from .client import Question
from .importing import NEW_CHARACTERS, POSE, POSE_ASSETS, SHAPE, ImportOptions
from .rigs import GAME_ENGINE, MAKEHUMAN, MIXAMO, SMPLX
from .scene.people import SceneOptions

FOR_EVERYBODY: Final = frozenset({NEW_CHARACTERS, POSE_ASSETS})
FOR_A_CHARACTER: Final = frozenset({POSE, SHAPE})


class ImportDefaults:
    """What is the same for most imports: mixed into the preferences, too."""

    rig: bpy.props.EnumProperty(
        name="Rig",
        description="Bones and their names",
        items=(
            (MAKEHUMAN, "MakeHuman", "All 104 bones, named as in MakeHuman's default rig"),
            (MIXAMO, "Mixamo", "54 bones named as Mixamo's: mixamorig:Hips and so on"),
            (GAME_ENGINE, "Game Engine", "54 bones named as Unreal's mannequin: pelvis, thigh_l"),
            (SMPLX, "SMPL-X", "The body and the 55 joints of your own model file, see preferences"),
        ),
    )
    max_people: bpy.props.IntProperty(
        name="Most People",
        description="How many people to find at most, the largest first",
        default=8,
        min=1,
        max=32,
    )
    scale: bpy.props.FloatProperty(
        name="Scale",
        description="Size of the people and their cameras; 1 where a Blender unit is a metre",
        default=1.0,
        min=0.001,
        soft_min=0.01,
        soft_max=100.0,
    )
    grey: bpy.props.BoolProperty(
        name="Plain Grey",
        description="One grey material instead of skin, eyes and mouth",
        default=False,
    )
    choose: bpy.props.BoolProperty(
        name="Choose People",
        description="Show who was found, and create only those you choose",
        default=False,
    )


DEFAULTS: Final = ("rig", "max_people", "scale", "grey", "choose")


class ImportSettings(ImportDefaults):
    """Mixed into operators, which Blender then gives these properties."""

    make: bpy.props.EnumProperty(
        name="Make",
        description="What to make of the photo",
        items=(
            (NEW_CHARACTERS, "New Characters", "Build everybody in the photos"),
            (POSE, "Pose", "Pose the active character like the largest person in the photo"),
            (SHAPE, "Body Shape", "Give the active character the shape of the largest person"),
            (POSE_ASSETS, "Pose Assets", "Keep everybody's pose in the pose library"),
        ),
        options={"SKIP_SAVE"},
    )
    focal_35mm: bpy.props.FloatProperty(
        name="Focal Length",
        description="Full-frame equivalent of the lens in millimetres; 0 takes it from the photo",
        unit="CAMERA",
        default=0.0,
        min=0.0,
        soft_max=300.0,
    )
    keypoints: bpy.props.BoolProperty(
        name="Keypoint Files",
        description="Pose the people whose keypoints lie beside each photo, as photo.json,"
        " photo_keypoints.json or keypoints.json, from OpenPose, COCO or MMPose",
        default=False,
    )
    on_floor: bpy.props.BoolProperty(
        name="Stand on Floor",
        description="Put the lowest point of all people in a photo, and its camera with them, "
        "to height 0; else the camera is at height 0",
        default=True,
    )
    match_camera: bpy.props.BoolProperty(
        name="Match Camera",
        description="Add a camera that sees the people as the photo does, the photo behind them",
        default=True,
    )
    use_camera: bpy.props.BoolProperty(
        name="Set Scene Camera",
        description="Look and render through the first photo's camera, at the photo's size",
        default=True,
    )

    def begin_with(self, defaults: Mapping[str, Any]) -> None:
        """Take what nobody chose, now or in the last import, from the preferences."""
        for name, value in defaults.items():
            if not self.properties.is_property_set(name):  # type: ignore[attr-defined]
                setattr(self, name, value)

    def chosen_options(self, character: str) -> ImportOptions:
        """These settings, for a character where one is posed or shaped."""
        people = self.max_people if self.make in FOR_EVERYBODY or self.choose else 1
        question = Question(people, self.focal_35mm or None, keypoints=self.keypoints)
        scene = SceneOptions(
            rig=self.rig,
            scale=self.scale,
            on_floor=self.on_floor,
            match_camera=self.match_camera,
            use_camera=self.use_camera,
            grey=self.grey,
        )
        return ImportOptions(question, scene, self.make, character, self.choose)

    def draw(self, context: bpy.types.Context) -> None:
        """What goes with what is to be made."""
        layout: Any = self.layout  # type: ignore[attr-defined]
        layout.use_property_split = True
        layout.prop(self, "make")
        if self.make in FOR_EVERYBODY:
            layout.prop(self, "rig")
        layout.prop(self, "choose")
        if self.make in FOR_EVERYBODY or self.choose:
            layout.prop(self, "max_people")
        layout.separator()
        if self.make == NEW_CHARACTERS:
            self._draw_scene(layout)
        layout.prop(self, "focal_35mm")
        layout.prop(self, "keypoints")
        if self.make == POSE_ASSETS and not bpy.data.filepath:
            layout.label(text="They get their catalogue when you save", icon="INFO")

    def _draw_scene(self, layout: Any) -> None:
        layout.prop(self, "scale")
        layout.prop(self, "grey")
        layout.prop(self, "on_floor")
        layout.separator()
        layout.prop(self, "match_camera")
        row = layout.row()
        row.active = self.match_camera
        row.prop(self, "use_camera")
