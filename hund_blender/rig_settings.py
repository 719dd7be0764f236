# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist has chosen for “My Rig”: source, rigs with their bone maps, how it goes over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import bpy

from .retarget.controls import ROOT_MOVES, ROOT_STAYS, ROOT_TURNS
from .retarget.mapping import RigMap
from .retarget.presets import Preset, parse, to_json
from .retarget.rows import Row, bones_of, rows_of
from .retarget.slots import PARTS
from .rig_preview import PREVIEW
from .scene.retarget import FK, IK, KEEP, RetargetOptions

PROPERTY: Final = "hund_retarget"  # of scenes
WAYS: Final = (
    (KEEP, "As It Is", "Both are posed; the rig follows those that it is set to"),
    (FK, "FK", "Set the rig's switches to FK"),
    (IK, "IK", "Set the rig's switches to IK"),
)
ROOTS: Final = (
    (ROOT_STAYS, "Stays", "The root bone is left alone, the hips carry everything"),
    (ROOT_MOVES, "Moves", "The root bone goes along on the floor below the hips"),
    (ROOT_TURNS, "Moves and Turns", "The root bone also turns to where the hips face"),
)


def _part_label(part: str) -> str:
    side = {".L": "Left ", ".R": "Right "}.get(part[-2:], "")
    return side + part.removesuffix(".L").removesuffix(".R").title()


PART_ITEMS: Final = tuple((part, _part_label(part), "") for part in PARTS)
ALL_PARTS: Final = set(PARTS)


def _changed(self: Any, context: bpy.types.Context) -> None:
    PREVIEW.soon()


def _is_armature(self: Any, thing: Any) -> bool:
    return bool(thing.type == "ARMATURE")


class HundMapRow(bpy.types.PropertyGroup):
    """One bone of a map."""

    name: bpy.props.StringProperty(description="The part of the body")  # what search looks at
    slot: bpy.props.StringProperty()
    bone: bpy.props.StringProperty(
        name="Bone", description="The bone that is this part of the body", update=_changed
    )
    sure: bpy.props.FloatProperty(min=0.0, max=1.0)


class HundMappedRig(bpy.types.PropertyGroup):
    """A rig to retarget onto."""

    thing: bpy.props.PointerProperty(type=bpy.types.Object, poll=_is_armature)
    rows: bpy.props.CollectionProperty(type=HundMapRow)
    active_row: bpy.props.IntProperty()
    family: bpy.props.StringProperty(description="What the rig was recognised as")
    extras: bpy.props.StringProperty(description="Switches and the like, as JSON")
    sure: bpy.props.FloatProperty(min=0.0, max=1.0)
    chosen: bpy.props.BoolProperty(
        name="Takes Part",
        description="Whether this rig is posed with the others",
        default=True,
        options=set(),
    )
    shows_all: bpy.props.BoolProperty(
        name="Show All Parts",
        description="List also helpers that this rig does not have: root, twist bones, IK controls",
        default=False,
        options=set(),
    )

    def marked(self) -> Any:
        """The row that is marked in the list, None without any."""
        index = self.active_row
        return self.rows[index] if 0 <= index < len(self.rows) else None

    def preset(self) -> Preset:
        """The map as it stands in the list."""
        rows = [Row(row.slot, row.bone) for row in self.rows]
        known = parse(json.loads(self.extras)) if self.extras else Preset("", {})
        return replace(known, bones=bones_of(rows))

    def fill(self, found: RigMap) -> None:
        """Take a map into the list."""
        self.family, self.sure = found.preset.name, found.confidence
        self.extras = json.dumps(to_json(replace(found.preset, bones={})))
        self.show(rows_of(found.preset.bones, found.confidences))

    def show(self, rows: Iterable[Row]) -> None:
        """Put rows into the list."""
        self.rows.clear()
        for found in rows:
            row = self.rows.add()
            row.name, row.slot = found.label, found.slot
            row.bone, row.sure = found.bone, found.sure
        marked = self.marked()
        if marked is None or not marked.bone:
            known = (place for place, row in enumerate(self.rows) if row.bone)
            self.active_row = next(known, 0)
        PREVIEW.soon()


class HundRetarget(bpy.types.PropertyGroup):
    """Of every scene."""

    source: bpy.props.PointerProperty(
        name="Source",
        description="The HUND character, or any other armature, whose pose or motion is taken",
        type=bpy.types.Object,
        poll=_is_armature,
        options=set(),
        update=_changed,
    )
    asset: bpy.props.PointerProperty(
        name="Pose",
        description="A pose asset to take instead of what the source shows",
        type=bpy.types.Action,
        options=set(),
        update=_changed,
    )
    rigs: bpy.props.CollectionProperty(type=HundMappedRig)
    active_rig: bpy.props.IntProperty(name="My Rig", options=set(), update=_changed)
    amount: bpy.props.FloatProperty(
        name="Amount",
        description="How much of the new pose is blended into what the rig does",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options=set(),
        update=_changed,
    )
    parts: bpy.props.EnumProperty(
        name="Parts of the Body",
        description="What takes the pose; the rest of the rig stays as it is",
        items=PART_ITEMS,
        options={"ENUM_FLAG"},
        default=ALL_PARTS,
        update=_changed,
    )
    mirror: bpy.props.BoolProperty(
        name="Mirror", description="Swap left and right", default=False, update=_changed
    )
    feet: bpy.props.BoolProperty(
        name="Feet Keep Contact",
        description="Feet near the floor stand where the source's stand, in the rig's size, and "
        "do not slide; legs bend for that",
        default=True,
        options=set(),
        update=_changed,
    )
    hands: bpy.props.BoolProperty(
        name="Hands Keep Contact",
        description="Hands are where the source's hands are, in the rig's size; arms bend for that",
        default=False,
        options=set(),
        update=_changed,
    )
    face: bpy.props.BoolProperty(
        name="Face",
        description="Take the expression over onto shape keys whose names are known",
        default=True,
        options=set(),
        update=_changed,
    )
    arms_by: bpy.props.EnumProperty(
        name="Arms", items=WAYS, default=KEEP, options=set(), update=_changed
    )
    legs_by: bpy.props.EnumProperty(
        name="Legs", items=WAYS, default=KEEP, options=set(), update=_changed
    )
    rigid_ik: bpy.props.BoolProperty(
        name="IK Keeps Lengths",
        description="Switch off that the rig's IK stretches bones (Rigify), so that elbows and "
        "knees come exactly where they belong; hands and feet no longer pull limbs longer, either",
        default=True,
        options=set(),
        update=_changed,
    )
    root: bpy.props.EnumProperty(
        name="Root", items=ROOTS, default=ROOT_STAYS, options=set(), update=_changed
    )
    at_source: bpy.props.BoolProperty(
        name="Stand at Source",
        description="Stand where the source stands, as before the photo's camera, instead of where "
        "the rig itself is",
        default=False,
        options=set(),
        update=_changed,
    )

    def options(self) -> RetargetOptions:
        return RetargetOptions(
            amount=self.amount,
            parts=frozenset(self.parts),
            mirror=self.mirror,
            feet=self.feet,
            hands=self.hands,
            arms_by=self.arms_by,
            legs_by=self.legs_by,
            rigid_ik=self.rigid_ik,
            face=self.face,
            root=self.root,
            at_source=self.at_source,
        )

    def rig(self) -> Any:
        """The one that is shown in the panel, None without any."""
        index = self.active_rig
        return self.rigs[index] if 0 <= index < len(self.rigs) else None


CLASSES = (HundMapRow, HundMappedRig, HundRetarget)


def retarget_of(scene: Any) -> Any:
    """What is chosen in a scene."""
    return getattr(scene, PROPERTY)


def attach() -> None:
    pointer: Any = bpy.props.PointerProperty
    setattr(bpy.types.Scene, PROPERTY, pointer(type=HundRetarget))


def detach() -> None:
    delattr(bpy.types.Scene, PROPERTY)
