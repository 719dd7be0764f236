# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose or the body shape of a photo's person for a character that is there already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import bpy

from ..errors import SceneError
from ..estimate import Person
from ..placing import PhotoResult
from ..pose import stand_in_pose
from ..progress import Problem
from .armature import pose_armature
from .character import character_of, obstacle, phenotypes_of, rig_of_character, skins_of
from .mesh import set_facial_actions
from .restore import in_scene
from .shape import reshape
from .sightings import forget_sighting

ROTATIONS: Final = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


def take_over_pose(
    scene: bpy.types.Scene, name: str, results: Sequence[PhotoResult]
) -> list[Problem]:
    """Pose a character like the first photo's largest person, where it stands, as one undo step.

    The pose is keyed where Blender's auto keying is on.
    """
    person = results[0].estimate.people[0]
    with in_scene(scene):
        character = _character(name)
        _pose(character, person)
        if scene.tool_settings.use_keyframe_insert_auto:
            key_pose(character)
        forget_sighting(character)
        bpy.ops.ed.undo_push(message="Pose from Photo")
    return _left_over(results)


def take_over_shape(
    scene: bpy.types.Scene, name: str, results: Sequence[PhotoResult]
) -> list[Problem]:
    """Give a character the shape of the first photo's largest person, as one undo step."""
    person = results[0].estimate.people[0]
    with in_scene(scene) as view_layer:
        reshape(view_layer, _character(name).data, person.phenotypes)
        bpy.ops.ed.undo_push(message="Body Shape from Photo")
    return _left_over(results)


def _character(name: str) -> bpy.types.Object:
    character = character_of(bpy.data.objects.get(name))
    if character is None:
        raise SceneError(
            f"The character “{name}” is gone.", "Select another one and choose the photo again."
        )
    return character


def _pose(character: bpy.types.Object, person: Person) -> None:
    armature: Any = character.data
    problem = obstacle(armature)
    if problem is not None:
        raise problem
    rig = rig_of_character(armature)
    rest = rig.body.rest(phenotypes_of(armature)).standing()
    pose_armature(character, rig, rest, stand_in_pose(rig.body, rest, person))
    express(character, person)


def express(character: bpy.types.Object, person: Person) -> None:
    """The expression of a person, and no other."""
    calm = dict.fromkeys(rig_of_character(character.data).body.facial_action_names, 0.0)
    for skin in faces_of(character):
        set_facial_actions(skin, calm | dict(person.facial_actions))


def faces_of(character: bpy.types.Object) -> list[bpy.types.Object]:
    """The skins of this very character that still have shape keys."""
    skins: list[Any] = skins_of(character.data)
    return [s for s in skins if s.find_armature() == character and s.data.shape_keys]


def key_pose(character: bpy.types.Object) -> None:
    """Key on the current frame what a pose consists of."""
    rig = rig_of_character(character.data)
    key_bones(character, rig.bone_names)
    root = rig.bone_names[0]
    character.pose.bones[root].keyframe_insert("location", group=root)
    for skin in faces_of(character):
        keys: Any = skin.data.shape_keys.key_blocks
        for name in set(rig.body.facial_action_names) & set(keys.keys()):
            keys[name].keyframe_insert("value")


def key_bones(character: Any, names: Iterable[str]) -> None:
    """Key how these bones are turned."""
    for name in names:
        bone = character.pose.bones[name]
        bone.keyframe_insert(ROTATIONS.get(bone.rotation_mode, "rotation_euler"), group=name)


def _left_over(results: Sequence[PhotoResult]) -> list[Problem]:
    return [
        Problem(
            result.path.name,
            "A character takes one photo at a time.",
            "Choose this photo alone to use it.",
        )
        for result in results[1:]
    ]
