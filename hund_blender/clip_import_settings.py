# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist chooses before a clip is imported, whatever it comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import bpy

from .clip.cleanup import AS_SEEN
from .clip.client import ClipRequest
from .clip.keys import BEZIER, EVERY
from .clip_importing import clip_options
from .clip_settings import ClipSettings, draw_keys
from .import_settings import ImportDefaults
from .scene.clip_actions import KEEP, NLA
from .scene.clip_people import ClipOptions

MOTION: Final = "MOTION"
POSES: Final = "POSES"
NEW: Final = "NEW"
SELECTED: Final = "SELECTED"


class ClipImportSettings(ClipSettings, ImportDefaults):
    """Mixed into operators, which Blender then gives these properties."""

    chooses_reading = False  # whether pictures may stand for poses
    has_camera = True  # whose place the result tells
    asks_server = True  # else all is known, and only what becomes of it can be chosen

    read_as: bpy.props.EnumProperty(
        name="Read As",
        description="What the pictures are",
        items=(
            (MOTION, "Motion", "A movie, or numbered images of one"),
            (POSES, "Poses", "Each photo is a pose of one character; they are keyed one by one"),
        ),
    )
    target: bpy.props.EnumProperty(
        name="Moves",
        description="Who shall move",
        items=(
            (NEW, "New Characters", "Build everybody in the clip"),
            (SELECTED, "Active Character", "The active HUND character moves like the one person"),
        ),
        options={"SKIP_SAVE"},
    )
    first: bpy.props.IntProperty(
        name="First Frame", description="Of the clip; 0 begins with its first", default=0, min=0
    )
    last: bpy.props.IntProperty(
        name="Last Frame", description="Of the clip; 0 goes to its end", default=0, min=0
    )
    step: bpy.props.IntProperty(
        name="Step", description="Look at every so many frames of the clip", default=1, min=1
    )
    start: bpy.props.IntProperty(
        name="Start", description="Frame of the scene on which the clip begins", default=1
    )
    spacing: bpy.props.IntProperty(
        name="Frames per Pose",
        description="Frames of the scene from one photo's pose to the next",
        default=12,
        min=1,
    )
    max_people: bpy.props.IntProperty(
        name="Most People", description="How many people to follow at most", default=4, min=1, max=8
    )
    focal_35mm: bpy.props.FloatProperty(
        name="Focal Length",
        description="Full-frame equivalent of the lens in millimetres; 0 where it is not known",
        default=0.0,
        min=0.0,
        soft_max=300.0,
    )
    hands: bpy.props.BoolProperty(name="Fingers", description="Look at hands as well", default=True)
    face: bpy.props.BoolProperty(
        name="Expressions", description="Look at faces as well", default=True
    )
    use_clip_rate: bpy.props.BoolProperty(
        name="Clip's Frame Rate",
        description="Give the scene the clip's frame rate; else motion is fitted to the scene's",
        default=False,
    )
    match_camera: bpy.props.BoolProperty(
        name="Match Camera",
        description="Add a camera that sees the people as the clip does, the clip behind them",
        default=True,
    )
    use_camera: bpy.props.BoolProperty(
        name="Set Scene Camera",
        description="Look and render through that camera, at the clip's size",
        default=True,
    )
    before: bpy.props.EnumProperty(
        name="Old Action",
        description="What becomes of the action that moved the character so far",
        items=(
            (KEEP, "Keep", "It stays in the file, with a fake user"),
            (NLA, "Push Down", "It becomes an NLA track below the new one"),
        ),
    )

    def request(self, fps: float | None) -> ClipRequest:
        """What is asked of the server; images have no frame rate of their own."""
        return ClipRequest(
            fps=fps,
            first=self.first or None,
            last=self.last or None,
            step=self.step,
            max_people=1 if self.target == SELECTED else self.max_people,
            focal_35mm=self.focal_35mm or None,
            hands=self.hands,
            face=self.face,
        )

    def chosen_options(self, character: str) -> ClipOptions:
        """What to make of the clip, for a character where one shall move."""
        settings = self.chosen_settings(self.start)
        if self.read_as == POSES:
            keys = replace(settings.keys, which=EVERY, interpolation=BEZIER, spacing=self.spacing)
            settings = replace(settings, clean_up=AS_SEEN, keys=keys)
        return clip_options(
            settings,
            character=character if self.target == SELECTED else "",
            rig=self.rig,
            scale=self.scale,
            grey=self.grey,
            match_camera=self.match_camera and self.read_as == MOTION,
            use_camera=self.use_camera,
            use_clip_rate=self.use_clip_rate and self.read_as == MOTION,
            before=self.before,
        )

    def draw(self, context: bpy.types.Context) -> None:
        """What goes with what is chosen."""
        layout: Any = self.layout  # type: ignore[attr-defined]
        layout.use_property_split = True
        if self.chooses_reading:
            layout.prop(self, "read_as")
        self._draw_who(layout)
        if self.read_as == POSES:
            layout.prop(self, "start")
            layout.prop(self, "spacing")
            return
        self._draw_range(layout)
        layout.prop(self, "preset")
        layout.prop(self, "strength")
        layout.prop(self, "lock_feet")
        draw_keys(layout, self)
        if self.target == NEW and self.has_camera:
            layout.prop(self, "match_camera")
            row = layout.row()
            row.active = self.match_camera
            row.prop(self, "use_camera")

    def _draw_who(self, layout: Any) -> None:
        layout.prop(self, "target")
        if self.target == SELECTED:
            layout.prop(self, "before")
        else:
            if self.read_as == MOTION and self.asks_server:
                layout.prop(self, "max_people")
            layout.prop(self, "rig")
            layout.prop(self, "scale")
            layout.prop(self, "grey")

    def _draw_range(self, layout: Any) -> None:
        column = layout.column(align=True)
        for name in ("first", "last", "step", "start") if self.asks_server else ("start",):
            column.prop(self, name)
        layout.prop(self, "use_clip_rate")
        for name in ("focal_35mm", "hands", "face") if self.asks_server else ():
            layout.prop(self, name)
