# SPDX-License-Identifier: GPL-3.0-or-later
"""All photos of one import into a scene: a collection each, side by side, one undo step."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import bpy

from ..errors import SceneError
from ..job import PhotoResult
from ..pose import PlacedPerson, place_people
from ..progress import Problem, unexpected
from .armature import build_armature, pose_armature
from .camera import build_camera, set_render_size
from .mesh import build_mesh, set_facial_actions
from .photo_image import load_photo
from .restore import in_scene, object_mode, removed_on_failure
from .room import beside_others, remember_edges

log = logging.getLogger(__name__)

UNDO_MESSAGE: Final = "Import People from Photos"


def add_photos(
    scene: bpy.types.Scene, results: Sequence[PhotoResult], *, use_camera: bool
) -> list[Problem]:
    """Build every photo that can be built as one undo step; tells what is wrong with the others."""
    problems: list[Problem] = []
    armatures: list[bpy.types.Object] = []
    with in_scene(scene) as view_layer:
        with object_mode(view_layer):
            for result in results:
                try:
                    armatures += _add_photo(
                        scene, view_layer, result, use_camera=use_camera and not armatures
                    )
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
    *,
    use_camera: bool,
) -> list[bpy.types.Object]:
    photo = result.estimate.photo
    placed = beside_others(
        scene, view_layer, place_people(result.body, result.estimate.people), photo
    )
    with removed_on_failure():
        image = load_photo(result.path, photo)
        collection = bpy.data.collections.new(result.path.stem)
        remember_edges(collection, placed, photo)
        scene.collection.children.link(collection)
        armatures = [
            _add_person(
                f"{result.path.stem} Person {number}", result, person, collection, view_layer
            )
            for number, person in enumerate(placed.people, start=1)
        ]
        if use_camera:
            set_render_size(scene, photo)
        name = f"{result.path.stem} Camera"
        camera = build_camera(name, photo, image, placed.camera_location, scene, collection)
        if use_camera:
            scene.camera = camera
    return armatures


def _add_person(
    name: str,
    result: PhotoResult,
    placed: PlacedPerson,
    collection: bpy.types.Collection,
    view_layer: bpy.types.ViewLayer,
) -> bpy.types.Object:
    armature = build_armature(name, result.body, placed.rest, collection, view_layer)
    body = build_mesh(f"{name} Body", result.body, placed.rest, armature, collection)
    pose_armature(armature, result.body, placed)
    set_facial_actions(body, placed.person.facial_actions)
    armature["phenotypes"] = dict(placed.person.phenotypes)
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
