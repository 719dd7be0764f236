# SPDX-License-Identifier: GPL-3.0-or-later
"""People of a clip as characters of a scene: whoever shall move, new or there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..body import Body
from ..bones import drawn_bones
from ..clip.conversion import World
from ..clip.data import Clip
from ..clip.mover import Mover
from ..clip.process import Settings
from ..errors import SceneError
from ..pose import VIEW_DEPTH_M
from ..rigs import MAKEHUMAN, rig_of
from .armature import rest_frames
from .character import (
    character_of,
    obstacle,
    phenotypes_of,
    rig_of_character,
    skins_of,
)
from .clip_actions import KEEP
from .materials import paint_grey
from .people import build_character
from .room import free_shift
from .shape import reshape, standing

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class ClipOptions:
    """What an import makes of a clip."""

    settings: Settings
    remember: Callable[[Any], None]  # keeps the settings with a character
    character: str = ""  # name of the armature that shall move, where none shall be made
    rig: str = MAKEHUMAN
    scale: float = 1.0  # Blender units per metre
    grey: bool = False
    match_camera: bool = True
    use_camera: bool = True
    use_clip_rate: bool = False  # give the scene the clip's frame rate
    before: str = KEEP  # what becomes of the action that moved the character so far
    known: Mapping[int, str] = field(default_factory=dict)  # by track: who is there already


def scene_named(name: str) -> bpy.types.Scene:
    scene = bpy.data.scenes.get(name)
    if scene is None:
        raise SceneError(f"The scene “{name}” is gone.", "Import the clip again.")
    return scene


def mover_in(name: str) -> Mover:
    """A character that is there, as it stands at rest."""
    character = character_of(bpy.data.objects.get(name))
    if character is None:
        raise SceneError(
            f"The character “{name}” is gone.", "Select another one and import the clip again."
        )
    armature: Any = character.data
    problem = obstacle(armature)
    if problem is not None:
        raise problem
    rig = rig_of_character(armature)
    rest = standing(rig.body, phenotypes_of(armature))
    return Mover.of(rig, rest, rest_frames(character, rig.bone_names))


def mover_to_be(rig_key: str, body: Body, phenotypes: Mapping[str, float]) -> Mover:
    """A character that will be built. May be called in any thread."""
    rig, rest = rig_of(rig_key, body), body.rest(phenotypes).standing()
    _ = rig.weights  # takes a while, and is remembered
    return Mover.of(rig, rest, drawn_bones(rig, rest).frames)


def add_person(
    view_layer: bpy.types.ViewLayer,
    collection: bpy.types.Collection,
    title: str,
    mover: Mover,
    phenotypes: Mapping[str, float],
    options: ClipOptions,
) -> bpy.types.Object:
    """A new character at rest."""
    armature, skin = build_character(
        title, mover.rig, mover.rest, phenotypes, collection, view_layer
    )
    armature.scale = (options.scale,) * 3
    if options.grey:
        paint_grey(skin.data)
    return armature


def give_shape(
    view_layer: bpy.types.ViewLayer, character: bpy.types.Object, phenotypes: Mapping[str, float]
) -> None:
    """The shape of the person in the clip, if it is not that already."""
    if phenotypes_of(character.data) != dict(phenotypes):
        reshape(view_layer, character.data, phenotypes)


def collection_for(scene: bpy.types.Scene, name: str, title: str) -> Any:
    """The collection of a name if it is still there, else a new one."""
    found: Any = bpy.data.collections.get(name) if name else None
    if found is None:
        found = bpy.data.collections.new(title)
        scene.collection.children.link(found)
    return found


def beside_others(
    scene: bpy.types.Scene,
    view_layer: bpy.types.ViewLayer,
    clip: Clip,
    world: World,
    scale: float,
) -> tuple[Array, Array]:
    """How far (3,) along X the clip's world has room, and the box (2, 3) it takes up then."""
    reach_m = VIEW_DEPTH_M * np.array([clip.width / 2, 0.0, clip.height / 2]) / clip.focal_px
    far = world.location + np.array([0.0, VIEW_DEPTH_M, 0.0])
    corners = np.stack([world.location, far - reach_m, far + reach_m])
    box = scale * np.stack([corners.min(0), corners.max(0)])
    shift = np.array([free_shift(scene, view_layer, box), 0.0, 0.0])
    return shift / scale, box + shift


def remove_character(character: bpy.types.Object) -> None:
    """An armature and the skins that hang on it; what the artist hung on it stays."""
    for thing in [*skins_of(character.data), character]:
        data: Any = thing.data
        bpy.data.objects.remove(thing)
        if data is not None and data.users == 0:
            holder: Any = (
                bpy.data.meshes if isinstance(data, bpy.types.Mesh) else bpy.data.armatures
            )
            holder.remove(data)
