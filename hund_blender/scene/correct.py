# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server has corrected, onto the character: only what has changed is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..axes import BLENDER_FROM_CAM
from ..body import RestBody
from ..errors import SceneError
from ..estimate import Person
from ..pose import local_transforms, posed_frames
from ..rigs import Rig
from ..rotations import matrices_from_quaternions
from ..sighting import Correction, Pixel
from .armature import rest_frames, turn_bones
from .bone_colors import show_confidence, shows_confidence
from .character import character_of, obstacle, phenotypes_of, rig_of_character
from .handles import settle_handles
from .restore import in_scene
from .shape import reshape, standing
from .sightings import remember_sighting, sighting_of, was_sighted
from .takeover import express, key_pose

Array = npt.NDArray[Any]

NEGLIGIBLE_TURN: Final = 1e-3  # radians, the digits that the server tells


@dataclass(frozen=True)
class Asked:
    """What the server was asked, to be remembered with its answer."""

    character: str
    correction: Correction
    places_px: Mapping[str, Pixel]  # of the handles
    body: bool
    message: str  # of the undo step


def correct_character(scene: bpy.types.Scene, asked: Asked, answer: Person) -> None:
    """Change a character as its person was corrected, as one undo step."""
    with in_scene(scene) as view_layer:
        character = _character(asked.character)
        before = sighting_of(character)
        after = replace(before, person=answer, correction=asked.correction)
        if asked.body:
            reshape(view_layer, character.data, answer.phenotypes)
        _bend(character, before.person, answer)
        if answer.facial_actions != before.person.facial_actions:
            express(character, answer)
        if scene.tool_settings.use_keyframe_insert_auto:
            key_pose(character)
        remember_sighting(character, after)
        if shows_confidence(character.data):
            rig = rig_of_character(character.data)
            show_confidence(character.data, rig, answer.joint_confidence)
        settle_handles(character, after, asked.places_px)
        bpy.ops.ed.undo_push(message=asked.message)


def _character(name: str) -> Any:
    character = character_of(bpy.data.objects.get(name))
    if character is None or not was_sighted(character):
        raise SceneError(
            f"The character “{name}” is gone.", "Undo that, or import the photo again."
        )
    problem = obstacle(character.data)
    if problem is not None:
        raise problem
    return character


def _bend(character: Any, before: Person, after: Person) -> None:
    """Turn the bones whose turn has changed, and move the body as far as it has moved. What the
    artist has done to other bones stays.
    """
    rig = rig_of_character(character.data)
    rest = standing(rig.body, phenotypes_of(character.data))
    frames = rest_frames(character, rig.bone_names)
    old, new = (_local_rotations(rig, rest, frames, person) for person in (before, after))
    cosines = (np.einsum("bij,bij->b", old, new) - 1) / 2
    turned = np.flatnonzero(np.arccos(np.clip(cosines, -1, 1)) > NEGLIGIBLE_TURN)
    turn_bones(character, [rig.bone_names[bone] for bone in turned], new[turned])
    root = character.pose.bones[rig.bone_names[0]]
    move = BLENDER_FROM_CAM @ (after.translation_m - before.translation_m)
    turn = character.matrix_world.to_quaternion().to_matrix()  # metres whatever the scale
    axes = np.array(turn @ root.bone.matrix_local.to_3x3())
    root.location = np.array(root.location) + np.linalg.solve(axes, move)


def _local_rotations(rig: Rig, rest: RestBody, frames: Array, person: Person) -> Array:
    """How a person's pose turns a rig's bones from rest (R, 3, 3)."""
    turn = BLENDER_FROM_CAM @ matrices_from_quaternions(person.root_wxyz)
    _, deforms, heads = rig.body.posed_bones(rest, person.rotations_wxyz)
    placed = (heads - rest.heads[0]) @ turn.T
    bones = posed_frames(frames, *rig.posed(rest, turn @ deforms, placed))
    return local_transforms(rig.bone_parents, frames, bones)[:, :3, :3]
