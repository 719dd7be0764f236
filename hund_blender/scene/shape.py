# SPDX-License-Identifier: GPL-3.0-or-later
"""Another body shape for a character: its skin and resting bones move, its pose stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import bpy
import numpy as np
import numpy.typing as npt

from ..body import Body, RestBody
from ..bones import drawn_bones
from ..pose import BonesAtRest, same_pose
from ..rigs import Rig, rig_of
from .armature import local_rotations, move_bones, rest_frames, turn_bones
from .arrays import read
from .character import (
    bearers_of,
    data_of,
    phenotypes_of,
    rig_of_character,
    set_phenotypes,
    shape_obstacle,
    skins_of,
)
from .skin import move_skin

Array = npt.NDArray[Any]
Frozen = tuple[tuple[str, float], ...]  # phenotypes to look results up by

NEGLIGIBLE_TURN: Final = 1e-5


def reshape(
    view_layer: bpy.types.ViewLayer, armature: Any, phenotypes: Mapping[str, float]
) -> None:
    """Give a character these phenotypes; poses, expressions and what was sculpted stay."""
    problem = shape_obstacle(armature)
    if problem is not None:
        raise problem
    rig = rig_of_character(armature)
    people = bearers_of(armature)
    soles_m = [_lowest_m(person, view_layer) for person in people]
    for mesh in data_of(skins_of(armature)):
        _reshape_mesh(mesh, rig.body, phenotypes)
    _reshape_bones(view_layer, rig, people, phenotypes)
    for person, sole_m in zip(people, soles_m, strict=True):
        _raise(person, rig.bone_names[0], sole_m - _lowest_m(person, view_layer))


def _reshape_mesh(mesh: bpy.types.Mesh, body: Body, phenotypes: Mapping[str, float]) -> None:
    before, after = standing(body, phenotypes_of(mesh)), standing(body, phenotypes)
    move_skin(mesh, after.vertices - before.vertices)
    set_phenotypes(mesh, phenotypes)


def _reshape_bones(
    view_layer: bpy.types.ViewLayer,
    rig: Rig,
    people: Sequence[bpy.types.Object],
    phenotypes: Mapping[str, float],
) -> None:
    shown = next(person for person in people if person.visible_get(view_layer=view_layer))
    armature: Any = shown.data
    rest_before = standing(rig.body, phenotypes_of(armature))
    rest_after = standing(rig.body, phenotypes)
    before = _bones_at_rest(shown, rig, phenotypes_of(armature))
    bones_before, bones_after = drawn_bones(rig, rest_before), drawn_bones(rig, rest_after)
    move_bones(view_layer, shown, bones_before, bones_after)
    set_phenotypes(armature, phenotypes)
    after = _bones_at_rest(shown, rig, phenotypes)
    for person in people:
        local = local_rotations(person, rig.bone_names)
        if _is_posed(local) and not _is_animated(person):
            turn_bones(person, rig.bone_names, same_pose(rig.bone_parents, local, before, after))


def _bones_at_rest(
    armature_object: bpy.types.Object, rig: Rig, phenotypes: Mapping[str, float]
) -> BonesAtRest:
    frames = rest_frames(armature_object, rig.bone_names)[:, :3, :3]
    return BonesAtRest(frames, _alignments(rig.body, rig.key, _frozen(phenotypes)))


def _is_posed(local: Array) -> bool:
    """A character that was put back to rest shall rest in its new shape too."""
    return bool(np.abs(local - np.eye(3)).max() > NEGLIGIBLE_TURN)


def _is_animated(thing: bpy.types.Object) -> bool:
    """Keyed poses are kept as they are keyed."""
    animation = thing.animation_data
    return animation is not None and (animation.action is not None or len(animation.nla_tracks) > 0)


# The shape that one step of a slider ends with, the next begins with.


def standing(body: Body, phenotypes: Mapping[str, float]) -> RestBody:
    """The body at rest in a shape, on the floor."""
    return _cached_standing(body, _frozen(phenotypes))


@lru_cache(maxsize=4)
def _cached_standing(body: Body, phenotypes: Frozen) -> RestBody:
    return body.rest(dict(phenotypes)).standing()


@lru_cache(maxsize=4)
def _alignments(body: Body, rig_key: str, phenotypes: Frozen) -> Array:
    """Turns (R, 3, 3) that bring a rig's bones from rest into the reference pose."""
    rest = _cached_standing(body, phenotypes)
    return rig_of(rig_key, body).posed(rest, *body.reference_bones(rest))[0]


def _frozen(phenotypes: Mapping[str, float]) -> Frozen:
    return tuple(sorted(phenotypes.items()))


def _lowest_m(person: bpy.types.Object, view_layer: bpy.types.ViewLayer) -> float:
    """Height of the lowest point of the skins that are in view."""
    view_layer.update()
    depsgraph: Any = view_layer.depsgraph
    heights = [
        _heights(skin.evaluated_get(depsgraph)).min()
        for skin in skins_of(person.data)
        if skin.find_armature() == person and skin.visible_get(view_layer=view_layer)
    ]
    return float(min(heights, default=0.0))


def _heights(evaluated: bpy.types.Object) -> Array:
    world = np.array(evaluated.matrix_world)
    heights: Array = read(evaluated.data.vertices, "co", 3) @ world[2, :3] + world[2, 3]
    return heights


def _raise(person: bpy.types.Object, root_name: str, height_m: float) -> None:
    """Lift a person in the world by its root bone, which alone has a location."""
    root = person.pose.bones[root_name]
    turn = np.array(person.matrix_world @ root.bone.matrix_local)[:3, :3]
    root.location = np.array(root.location) + np.linalg.solve(turn, [0.0, 0.0, height_m])
