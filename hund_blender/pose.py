# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimated people to bodies in Blender's world, and their bones to Blender's local rotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .axes import BLENDER_FROM_CAM, blender_from_cam, height_above
from .body import Body, PosedBody, RestBody
from .estimate import Person, Photo
from .rigs import Rig
from .rotations import matrices_from_quaternions

Array = npt.NDArray[Any]

VIEW_DEPTH_M: Final = 8.0  # room that every camera gets at least


@dataclass(frozen=True, eq=False)
class PlacedPerson:
    """A person ready to be built: at rest, standing on the floor, and posed in Blender's world."""

    person: Person
    rest: RestBody
    posed: PosedBody
    location: Array  # (3,) the point of the floor below the person's hips

    def posed_at_origin(self) -> PosedBody:
        """The pose round this place."""
        return self.posed.moved(np.eye(3), np.zeros(3), -self.location)


@dataclass(frozen=True, eq=False)
class PlacedPhoto:
    """All people of a photo round one upright camera."""

    people: tuple[PlacedPerson, ...]
    camera_location: Array  # (3,)


def place_people(body: Body, people: Sequence[Person], *, on_floor: bool = True) -> PlacedPhoto:
    """Stand an upright camera at x = y = 0, so high that the lowest person touches the floor.

    Otherwise the camera is at the origin.
    """
    shaped = [(person, body.rest(person.phenotypes)) for person in people]
    posed_cam = [_pose_in_camera(body, person, rest) for person, rest in shaped]
    lowest = min((float(height_above(posed.vertices).min()) for posed in posed_cam), default=0.0)
    camera_location = np.array([0.0, 0.0, -lowest if on_floor else 0.0])
    floor_m = camera_location[2] + lowest
    placed = [
        _place(person, rest, posed, camera_location, floor_m)
        for (person, rest), posed in zip(shaped, posed_cam, strict=True)
    ]
    return PlacedPhoto(tuple(placed), camera_location)


def _pose_in_camera(body: Body, person: Person, rest: RestBody) -> PosedBody:
    expressive = body.rest(person.phenotypes, person.facial_actions)
    posed = body.pose(expressive, person.rotations_wxyz)
    return posed.moved(
        matrices_from_quaternions(person.root_wxyz), rest.heads[0], person.translation_m
    )


def _place(
    person: Person, rest: RestBody, posed_cam: PosedBody, camera_location: Array, floor_m: float
) -> PlacedPerson:
    hips = blender_from_cam(posed_cam.heads[0], camera_location)
    posed = posed_cam.moved(BLENDER_FROM_CAM, posed_cam.heads[0], hips)
    return PlacedPerson(person, rest.standing(), posed, np.array([hips[0], hips[1], floor_m]))


def stand_in_pose(body: Body, rest: RestBody, person: Person) -> PosedBody:
    """A body of any shape in a person's pose: hips over the origin, lowest point on the floor.

    Who looked at the photo's camera looks to the front.
    """
    posed = body.pose(rest, person.rotations_wxyz)
    turn = BLENDER_FROM_CAM @ matrices_from_quaternions(person.root_wxyz)
    turned = posed.moved(turn, rest.heads[0], np.zeros(3))
    return turned.moved(np.eye(3), np.array([0, 0, turned.vertices[:, 2].min()]), np.zeros(3))


def view_box(placed: PlacedPhoto, photo: Photo) -> Array:
    """Least and greatest corner (2, 3) of a photo's camera, people, and view to their depth.

    Photos that keep out of each other's boxes do not show up in each other's cameras.
    """
    camera = placed.camera_location
    points = np.concatenate([camera[None], *(person.posed.vertices for person in placed.people)])
    depth_m = max(float(points[:, 1].max() - camera[1]), VIEW_DEPTH_M)
    reach = depth_m * np.array([photo.width / 2, 0.0, photo.height / 2]) / photo.focal_px
    ends = camera + np.array([[-1.0], [1.0]]) * reach + [[0.0, 0.0, 0.0], [0.0, depth_m, 0.0]]
    return np.stack([np.minimum(points.min(0), ends[0]), np.maximum(points.max(0), ends[1])])


def moved_along_x(photo: PlacedPhoto, distance_m: float) -> PlacedPhoto:
    """The same photo elsewhere, so that several stand side by side."""
    step = np.array([distance_m, 0.0, 0.0])
    people = tuple(
        replace(
            placed,
            posed=placed.posed.moved(np.eye(3), np.zeros(3), step),
            location=placed.location + step,
        )
        for placed in photo.people
    )
    return PlacedPhoto(people, photo.camera_location + step)


def local_transforms(parents: Sequence[int], rest: Array, posed: Array) -> Array:
    """What Blender keeps per bone: transforms (B, 4, 4) relative to the parent-carried rest pose.

    rest and posed (B, 4, 4) are the bones' own frames in armature space before and after posing.
    """
    carriers = list(parents)  # -1 for roots, which nothing carries
    carried = posed[carriers] @ np.linalg.solve(rest[carriers], rest)
    roots = np.less(carriers, 0)
    carried[roots] = rest[roots]
    locals_: Array = np.linalg.solve(carried, posed)
    return locals_


def posed_frames(rest_frames: Array, deforms: Array, heads: Array) -> Array:
    """Frames (B, 4, 4) of bones turned from rest frames (B, 4, 4) by deforms, to heads (B, 3)."""
    frames = np.tile(np.eye(4), (len(rest_frames), 1, 1))
    frames[:, :3, :3] = deforms @ rest_frames[:, :3, :3]
    frames[:, :3, 3] = heads
    return frames


def local_transforms_of(rig: Rig, rest_frames: Array, rest: RestBody, posed: PosedBody) -> Array:
    """What Blender keeps per bone (R, 4, 4) when a rig with these rest frames carries a body."""
    posed_bones = posed_frames(rest_frames, *rig.posed(rest, posed.bone_deforms, posed.heads))
    return local_transforms(rig.bone_parents, rest_frames, posed_bones)


@dataclass(frozen=True, eq=False)
class BonesAtRest:
    """What the same pose depends on from one shape to another."""

    frames: Array  # (B, 3, 3) rest frames in armature space
    alignments: Array  # (B, 3, 3) A of docs/conventions.md


def same_pose(
    parents: Sequence[int], local: Array, before: BonesAtRest, after: BonesAtRest
) -> Array:
    """Local rotations (B, 3, 3) that turn another shape's bones as these turn those of before.

    Shapes rest in slightly different poses; what stays is how bones turn away from the reference.
    """
    turns = (before.alignments @ before.frames).swapaxes(1, 2) @ after.alignments @ after.frames
    carried = np.empty_like(local)
    for bone, parent in enumerate(parents):
        own_before, own_after = before.frames[bone], after.frames[bone]
        if parent >= 0:
            own_before = before.frames[parent].T @ own_before
            own_after = turns[parent] @ after.frames[parent].T @ own_after
        carried[bone] = own_after.T @ own_before @ local[bone] @ turns[bone]
    return carried
