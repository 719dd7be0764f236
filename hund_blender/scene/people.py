# SPDX-License-Identifier: GPL-3.0-or-later
"""All photos of one import into a scene: a collection each, side by side, one undo step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import bpy
import numpy.typing as npt

from ..body import RestBody
from ..bones import drawn_bones
from ..errors import SceneError
from ..estimate import Person, Photo
from ..placing import PhotoResult, Pieces
from ..pose import PlacedPerson, place_people
from ..rigs import MAKEHUMAN, Rig, rig_of
from ..sighting import Sighting
from .armature import build_armature, pose_armature
from .bone_colors import show_confidence
from .building import Site, photo_by_photo
from .camera import build_camera, frame_of, scale_camera, set_render_size
from .character import remember
from .materials import paint_grey
from .mesh import build_mesh, set_facial_actions
from .photo_image import load_photo
from .restore import in_scene, object_mode
from .room import beside_others, remember_edges
from .sightings import remember_camera, remember_sighting

Array = npt.NDArray[Any]

UNDO_MESSAGE: Final = "Import People from Photos"


@dataclass(frozen=True)
class SceneOptions:
    """What an import builds of each photo."""

    rig: str = MAKEHUMAN
    scale: float = 1.0  # Blender units per metre
    on_floor: bool = True  # else the camera is at height 0
    match_camera: bool = True
    use_camera: bool = True  # make the first photo's camera that of the scene
    grey: bool = False  # one plain material for everything

    @property
    def sees(self) -> bool:
        """Whether the scene gets a photo's camera."""
        return self.match_camera and self.use_camera


DEFAULT_SCENE: Final = SceneOptions()


@dataclass
class Built:
    """One photo's camera and armatures, by name."""

    photo: Photo
    camera: str = ""
    armatures: list[str] = field(default_factory=list)


def add_photos(
    scene_name: str, results: Sequence[PhotoResult], options: SceneOptions = DEFAULT_SCENE
) -> Pieces:
    """Build every photo that can be built as one undo step; tells what is wrong with the others."""
    done: list[Built] = []

    def build(result: PhotoResult, site: Site) -> Iterator[str]:
        built = Built(result.estimate.photo)
        shown = (done or [built])[0].photo if options.sees else None
        yield from _photo_in_pieces(result, site, options, built, shown)
        done.append(built)

    def finish(scene: Any) -> None:
        with in_scene(scene) as view_layer:
            with object_mode(view_layer):
                select_only(view_layer, [name for built in done for name in built.armatures])
            if options.sees:
                set_render_size(scene, done[0].photo)
                scene.camera = bpy.data.objects.get(done[0].camera, scene.camera)
            bpy.ops.ed.undo_push(message=UNDO_MESSAGE)

    return photo_by_photo(scene_name, results, build, finish)


def _photo_in_pieces(
    result: PhotoResult, site: Site, options: SceneOptions, built: Built, shown: Photo | None
) -> Iterator[str]:
    """Says who comes next. The camera comes first: it is for renders of the size of the photo that
    the scene will show, or of that which the scene has.
    """
    photo, people = result.estimate.photo, result.estimate.people
    with site.open() as (scene, view_layer):
        round_camera = place_people(result.body, people, on_floor=options.on_floor)
        placed = beside_others(scene, view_layer, round_camera, photo, options.scale)
        collection: Any = bpy.data.collections.new(result.path.stem)
        remember_edges(collection, placed, photo, options.scale)
        scene.collection.children.link(collection)
        collection_name = collection.name
        if options.match_camera:
            frame = (shown.width, shown.height) if shown else frame_of(scene)
            name, image = f"{result.path.stem} Camera", load_photo(result)
            camera = build_camera(name, photo, image, placed.camera_location, frame, collection)
            scale_camera(camera, options.scale)
            built.camera = camera.name
    rig = rig_of(options.rig, result.body)
    for placed_person in placed.people:
        name = f"{result.path.stem} Person {placed_person.person.number + 1}"
        yield f"Building {name}"
        with site.open() as (scene, view_layer):
            collection = _still_there(bpy.data.collections, collection_name)
            armature = _add_person(name, rig, placed_person, collection, view_layer)
            _finish_person(armature, result, rig, placed_person.person, options)
            if built.camera:
                remember_camera(armature, _still_there(bpy.data.objects, built.camera))
            built.armatures.append(armature.name)


def _still_there(holder: Any, name: str) -> Any:
    item = holder.get(name)
    if item is None:
        raise SceneError(f"“{name}” was deleted while people were built.", "Import it again.")
    return item


def _add_person(
    name: str,
    rig: Rig,
    placed: PlacedPerson,
    collection: bpy.types.Collection,
    view_layer: bpy.types.ViewLayer,
) -> bpy.types.Object:
    person = placed.person
    armature, skin = build_character(
        name, rig, placed.rest, person.phenotypes, collection, view_layer
    )
    armature.location = placed.location.tolist()
    pose_armature(armature, rig, placed.rest, placed.posed_at_origin())
    set_facial_actions(skin, person.facial_actions)
    armature["confidence"] = person.confidence
    return armature


def _finish_person(
    armature: Any, result: PhotoResult, rig: Rig, person: Person, options: SceneOptions
) -> None:
    """Colours, size, and what it takes to correct somebody later."""
    estimate, path = result.estimate, result.path.absolute()
    remember_sighting(
        armature,
        Sighting(estimate.id, path, result.question, estimate.photo, person.number, person),
    )
    show_confidence(armature.data, rig, person.joint_confidence)
    if options.grey:
        for skin in armature.children:
            paint_grey(skin.data)
    armature.scale = (options.scale,) * 3
    armature.location *= options.scale


def build_character(
    name: str,
    rig: Rig,
    rest: RestBody,
    phenotypes: Mapping[str, float],
    collection: bpy.types.Collection,
    view_layer: bpy.types.ViewLayer,
) -> tuple[bpy.types.Object, bpy.types.Object]:
    """Armature and skin of a new character at rest at the origin; rest stands on the floor."""
    armature = build_armature(name, drawn_bones(rig, rest), collection, view_layer)
    skin = build_mesh(f"{name} Body", rig, rest, armature, collection)
    remember(armature, skin, rig, phenotypes)
    return armature, skin


def select_only(view_layer: bpy.types.ViewLayer, names: Sequence[str]) -> None:
    """Select what is still there of these, and nothing else."""
    for other in view_layer.objects.selected:
        other.select_set(False, view_layer=view_layer)
    chosen = [view_layer.objects[name] for name in names if name in view_layer.objects]
    for thing in chosen:
        thing.select_set(True, view_layer=view_layer)
    if chosen:
        view_layer.objects.active = chosen[0]
