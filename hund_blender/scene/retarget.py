# SPDX-License-Identifier: GPL-3.0-or-later
"""From a source in the scene to poses and actions on the artist's own rig."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..compat import object_channels
from ..retarget.controls import ROOT_STAYS, Control, Placing, controls_of
from ..retarget.description import RigDescription
from ..retarget.face_bones import face_bone_turns
from ..retarget.faces import mirrored_actions
from ..retarget.posed import PosedSkeleton, mirror_image
from ..retarget.presets import Preset
from ..retarget.reach import FEET, HANDS, reach
from ..retarget.rest import rest_skeleton
from ..retarget.slots import PARTS
from ..retarget.solve import Before, Channels, solve
from ..retarget.spaces import Space
from ..retarget.transfer import Pose, transfer
from .alone import alone
from .probe import spaces_of, unanimated
from .rig_curves import bone_path
from .rig_description import describe
from .rig_faces import actions_of
from .rig_state import rotation_channel, rotations_of, set_basis, state_of
from .source_motion import curves_by_path, is_animated, keyed_channels, uses_nla

Array = npt.NDArray[Any]

KEEP: Final = "KEEP"
FK: Final = "FK"
IK: Final = "IK"


@dataclass(frozen=True)
class RetargetOptions:
    """How a pose or a motion goes onto a rig."""

    amount: float = 1.0  # 0…1 blended with what the rig does
    parts: frozenset[str] = frozenset(PARTS)  # of the body that take part
    mirror: bool = False
    feet: bool = True  # keep their places over the floor
    hands: bool = False
    arms_by: str = KEEP  # KEEP, FK or IK, where the rig has a switch
    legs_by: str = KEEP
    rigid_ik: bool = True  # the rig's IK no longer stretches bones, where its map tells how
    face: bool = True
    root: str = ROOT_STAYS
    at_source: bool = False  # else where the rig stands

    @property
    def is_whole(self) -> bool:
        """Whether nothing of what the rig did before shows through."""
        return self.amount >= 1 and self.parts >= frozenset(PARTS)


DEFAULT: Final = RetargetOptions()


@dataclass(frozen=True, eq=False)
class Source:
    """A motion to be retargeted."""

    posed: PosedSkeleton
    frames: Array  # (F,) of the scene
    world: Array  # (4, 4) of its object
    name: str
    face: Mapping[str, Array]  # ARKit's actions (F,), as far as it has a face


@dataclass(frozen=True, eq=False)
class Target:
    """A rig to be posed."""

    thing: Any  # its armature object
    rig: RigDescription
    preset: Preset

    @classmethod
    def of(cls, thing: Any, preset: Preset) -> Target:
        return cls(thing, describe(thing), preset)

    def bone(self, place: int) -> Any:
        """A pose bone by its place in the description."""
        return self.thing.pose.bones[self.rig.names[place]]


def retargeted(
    target: Target, source: Source, options: RetargetOptions, frames: Array
) -> list[Channels]:
    """What the channels of the target's bones have to hold at frames (F,) of the scene."""
    prepare(target, options)
    moving = mirror_image(source.posed) if options.mirror else source.posed
    pose = transfer(
        moving, rest_skeleton(target.rig, target.preset.bones), own_twist=target.preset.own_twist
    )
    pose = _with_face_bones(target, pose, moving_face(source, options))
    ends = [end for end, kept in ((FEET, options.feet), (HANDS, options.hands)) if kept]
    pose = reach(pose, moving, ends)
    controls = controls_of(pose, _placing(target, source, options), options.parts)
    spaces = spaces_of(target.thing, target.rig, controls, float(frames[0]))
    states = [state_of(target.bone(control.bone)) for control in controls]
    return solve(
        controls,
        spaces,
        states,
        _given(target, controls, spaces, frames, options),
        _before(target, controls, frames, options),
        options.amount,
    )


def moving_face(source: Source, options: RetargetOptions) -> Mapping[str, Array]:
    """The source's facial actions as they are wanted."""
    if not options.face:
        return {}
    return mirrored_actions(source.face) if options.mirror else source.face


def _with_face_bones(target: Target, pose: Pose, face: Mapping[str, Array]) -> Pose:
    """The pose with jaw and eyes turned by those actions that no shape key of the target does."""
    if "head" not in pose.turns:
        return pose
    by_bones = {a: values for a, values in face.items() if a not in actions_of(target.thing)}
    found = face_bone_turns(by_bones, pose.turns["head"][:, -1])
    own = {slot: turns for slot, turns in found.items() if pose.rest.has(slot)}
    return replace(pose, turns=pose.turns | own)


def prepare(target: Target, options: RetargetOptions) -> None:
    """Set the rig's switches, and put controls to rest that would add to the pose."""
    preset, bones = target.preset, target.thing.pose.bones
    wanted = {"arm": options.arms_by, "leg": options.legs_by}
    for switch in preset.switches:
        way = wanted[switch.limb[:-2]]
        if way != KEEP and _takes_part(switch.limb, options):
            set_property(bones[switch.bone], switch.property, switch.fk if way == FK else switch.ik)
    for setting in (*preset.settings, *(preset.rigid if options.rigid_ik else ())):
        if _takes_part(setting.limb, options):
            set_property(bones[setting.bone], setting.property, setting.value)
    if options.is_whole:
        set_basis(target.thing, preset.neutral, np.tile(np.eye(4), (len(preset.neutral), 1, 1)))
    target.thing.update_tag()


def _takes_part(limb: str, options: RetargetOptions) -> bool:
    return limb.upper() in options.parts


def set_property(bone: Any, name: str, value: float) -> None:
    """Set a property, a custom one or Blender's own, keeping its type."""
    if name in bone:
        bone[name] = type(bone[name])(value)
    elif isinstance(getattr(bone, name, None), int | float):
        setattr(bone, name, value)


def _placing(target: Target, source: Source, options: RetargetOptions) -> Placing:
    """Where the rig itself stands, or as if its object stood and were turned as the source's."""
    if not options.at_source:
        return Placing.own(options.root)
    world = np.array(target.thing.matrix_world)
    turn = _rotation(source.world) @ source.posed.rest.axes
    own = rest_skeleton(target.rig, target.preset.bones).axes
    placed = np.linalg.inv(_rotation(world)) @ turn @ own.T
    move = np.linalg.solve(world, source.world[:, 3])[:3]
    return Placing(placed, move, options.root)


def _rotation(matrix: Array) -> Array:
    """Without scale (3, 3)."""
    turn: Array = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return turn


def _given(
    target: Target,
    controls: Sequence[Control],
    spaces: Sequence[Space],
    frames: Array,
    options: RetargetOptions,
) -> dict[int, Array]:
    """Where controls are (F, 4, 4) that go their own way, by number, unless their keys and spaces
    tell it.
    """
    alone_ones = [number for number, control in enumerate(controls) if control.is_left_alone]
    names = [target.rig.names[controls[number].bone] for number in alone_ones]
    if not alone_ones:
        return {}
    if len(frames) == 1 or not is_animated(target.thing):
        with alone(target.thing, frames[0]) as evaluation:
            matrices = np.repeat(evaluation.matrices(names)[None], len(frames), 0)
    elif options.is_whole:  # the new action will not move them
        with unanimated(target.thing), alone(target.thing, frames[0]) as evaluation:
            matrices = np.repeat(evaluation.matrices(names)[None], len(frames), 0)
    elif all(space.sure for space in spaces) and _only_keys_move(target, controls):
        return {}
    else:
        with alone(target.thing, frames[0]) as evaluation:
            matrices = np.array([evaluation.matrices_at(frame, names) for frame in frames])
    return {number: matrices[:, place] for place, number in enumerate(alone_ones)}


def _only_keys_move(target: Target, controls: Sequence[Control]) -> bool:
    """Whether nothing moves a rig over time but keys of these controls' rotations and locations."""
    thing, bones = target.thing, [target.bone(control.bone) for control in controls]
    paths = {
        bone_path(bone.name, channel)
        for bone in bones
        for channel in (rotation_channel(bone.rotation_mode), "location")
    }
    keyed = {path for path, _ in curves_by_path(object_channels(thing))}
    own = all(path in paths for path in keyed if path.startswith("pose."))
    constraints = (constraint for bone in thing.pose.bones for constraint in bone.constraints)
    others = any(getattr(c, "target", None) not in (None, thing) for c in constraints)
    return own and not others and not uses_nla(thing.animation_data)


def _before(
    target: Target, controls: Sequence[Control], frames: Array, options: RetargetOptions
) -> list[Before]:
    """What the controls do without the new pose."""
    bones = [target.bone(control.bone) for control in controls]
    if options.is_whole or len(frames) == 1 or not is_animated(target.thing):
        states = [state_of(bone) for bone in bones]
        return [Before(rotations_of(state)[None], state.location[None]) for state in states]
    curves = curves_by_path(object_channels(target.thing))
    return [Before(*keyed_channels(bone, curves, frames)) for bone in bones]
