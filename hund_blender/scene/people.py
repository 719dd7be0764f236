# SPDX-License-Identifier: GPL-3.0-or-later
"""All photos of one import into a scene: a collection each, side by side, one undo step."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy.typing as npt

from ..bones import drawn_bones
from ..errors import SceneError
from ..job import PhotoResult
from ..pose import PlacedPerson, place_people
from ..progress import Problem, unexpected
from ..rigs import MAKEHUMAN, Rig, rig_of
from ..sighting import Sighting
from .armature import build_armature, pose_armature
from .bone_colors import show_confidence
from .camera import build_camera, set_render_size
from .character import remember
from .materials import paint_grey
from .mesh import build_mesh, set_facial_actions
from .photo_image import load_photo
from .restore import in_scene, object_mode, removed_on_failure
from .room import beside_others, remember_edges
from .sightings import remember_camera, remember_sighting

log = logging.getLogger(__name__)

Array = npt.NDArray[Any]

UNDO_MESSAGE: Final = "Import People from Photos"


@dataclass(frozen=True)
class SceneOptions:
    """What an import builds of each photo."""

    rig: str = MAKEHUMAN
    on_floor: bool = True  # else the camera is at height 0
    match_camera: bool = True
    use_camera: bool = True  # make the first photo's camera that of the scene
    grey: bool = False  # one plain material for everything


DEFAULT_SCENE: Final = SceneOptions()


def add_photos(
    scene: bpy.types.Scene, results: Sequence[PhotoResult], options: SceneOptions = DEFAULT_SCENE
) -> list[Problem]:
    """Build every photo that can be built as one undo step; tells what is wrong with the others."""
    problems: list[Problem] = []
    armatures: list[bpy.types.Object] = []
    with in_scene(scene) as view_layer:
        with object_mode(view_layer):
            for result in results:
                try:
                    is_first = not armatures
                    armatures += _add_photo(scene, view_layer, result, options, is_first=is_first)
                except SceneError as error:
                    problems.append(Problem(result.path.name, error.message, error.remedy))
                except Exception as error:  # one photo must not take the others with it
                    log.exception("building %s failed", result.path.name)
                    problems.append(unexpected(error, result.path.name))
            _select_only(view_layer, armatures)
        if armatures:
            bpy.ops.ed.undo_push(message=UNDO_MESSAGE)
    return problems


def _add_photo(
    scene: bpy.types.Scene,
    view_layer: bpy.types.ViewLayer,
    result: PhotoResult,
    options: SceneOptions,
    *,
    is_first: bool,
) -> list[bpy.types.Object]:
    photo, people = result.estimate.photo, result.estimate.people
    round_camera = place_people(result.body, people, on_floor=options.on_floor)
    placed = beside_others(scene, view_layer, round_camera, photo)
    with removed_on_failure():
        collection = bpy.data.collections.new(result.path.stem)
        remember_edges(collection, placed, photo)
        scene.collection.children.link(collection)
        rig = rig_of(options.rig, result.body)
        armatures = [
            _add_person(f"{result.path.stem} Person {number}", rig, person, collection, view_layer)
            for number, person in enumerate(placed.people, start=1)
        ]
        if options.grey:
            for skin in (thing for thing in collection.objects if thing.type == "MESH"):
                paint_grey(skin.data)
        _remember_sightings(result, rig, armatures)
        if options.match_camera:
            use_camera = options.use_camera and is_first
            camera = _add_camera(
                scene, result, placed.camera_location, collection, use_camera=use_camera
            )
            for armature in armatures:
                remember_camera(armature, camera)
    return armatures


def _remember_sightings(
    result: PhotoResult, rig: Rig, armatures: Sequence[bpy.types.Object]
) -> None:
    """Keep with characters what it takes to correct them, and show how sure it is."""
    estimate, path = result.estimate, result.path.absolute()
    for person, armature in zip(estimate.people, armatures, strict=True):
        sighting = Sighting(
            estimate.id, path, result.question, estimate.photo, person.number, person
        )
        remember_sighting(armature, sighting)
        show_confidence(armature.data, rig, person.joint_confidence)


def _add_camera(
    scene: bpy.types.Scene,
    result: PhotoResult,
    location: Array,
    collection: bpy.types.Collection,
    *,
    use_camera: bool,
) -> bpy.types.Object:
    photo = result.estimate.photo
    image = load_photo(result.path, photo)
    if use_camera:
        set_render_size(scene, photo)
    name = f"{result.path.stem} Camera"
    camera = build_camera(name, photo, image, location, scene, collection)
    if use_camera:
        scene.camera = camera
    return camera


def _add_person(
    name: str,
    rig: Rig,
    placed: PlacedPerson,
    collection: bpy.types.Collection,
    view_layer: bpy.types.ViewLayer,
) -> bpy.types.Object:
    bones = drawn_bones(rig, placed.rest)
    armature = build_armature(name, bones, collection, view_layer)
    skin = build_mesh(f"{name} Body", rig, placed.rest, armature, collection)
    armature.location = placed.location.tolist()
    pose_armature(armature, rig, placed.rest, placed.posed_at_origin())
    set_facial_actions(skin, placed.person.facial_actions)
    remember(armature, skin, rig, placed.person.phenotypes)
    armature["confidence"] = placed.person.confidence
    return armature


def _select_only(view_layer: bpy.types.ViewLayer, objects: Sequence[bpy.types.Object]) -> None:
    if not objects:
        return
    for other in view_layer.objects.selected:
        other.select_set(False, view_layer=view_layer)
    for chosen in objects:
        chosen.select_set(True, view_layer=view_layer)
    view_layer.objects.active = objects[0]
