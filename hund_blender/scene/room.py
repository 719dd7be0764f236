# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in the scene a photo's camera and people find room: beside what stands in their view."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import bpy
import numpy as np

from ..estimate import Photo
from ..pose import PlacedPhoto, moved_along_x, view_box

GAP_M: Final = 1.0
EDGES: Final = "hund_edges_m"  # on a photo's collection: least and greatest x that it takes up
SOLID_TYPES: Final = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "VOLUME"})
SCENERY_M: Final = 10.0  # what is wider is where people are meant to stand: floors, rooms, skies

Interval = tuple[float, float]


def beside_others(
    scene: bpy.types.Scene,
    view_layer: bpy.types.ViewLayer,
    placed: PlacedPhoto,
    photo: Photo,
    scale: float,
) -> PlacedPhoto:
    """The photo moved to the first place along +X that is free when it is built at this scale."""
    box = scale * view_box(placed, photo)
    return moved_along_x(placed, free_shift(scene, view_layer, box) / scale)


def free_shift(scene: bpy.types.Scene, view_layer: bpy.types.ViewLayer, box: Any) -> float:
    """How far to move a box, of least and greatest corner (2, 3), along +X to where it is free."""
    view_layer.update()  # a photo that failed before may have left gaps
    taken = [*_photos(scene), *_things_in(box[:, 1], view_layer)]
    return first_free(float(box[0, 0]), float(box[1, 0]), taken)


def remember_edges(
    collection: bpy.types.Collection, placed: PlacedPhoto, photo: Photo, scale: float
) -> None:
    remember_box(collection, scale * view_box(placed, photo))


def remember_box(collection: bpy.types.Collection, box: Any) -> None:
    """What `free_shift` keeps others out of."""
    collection[EDGES] = [float(box[0, 0]), float(box[1, 0])]


def first_free(left: float, right: float, taken: Iterable[Interval]) -> float:
    """How far to move the interval left…right to +X until it keeps its distance from all others."""
    shift = 0.0
    for start, end in sorted(taken):
        if start - GAP_M < right + shift and left + shift < end + GAP_M:
            shift = end + GAP_M - left
    return shift


def _photos(scene: bpy.types.Scene) -> Iterator[Interval]:
    children: Any = scene.collection.children
    for collection in children:
        edges = collection.get(EDGES)
        if edges is not None:
            yield edges[0], edges[1]


def _things_in(depth: Any, view_layer: bpy.types.ViewLayer) -> Iterator[Interval]:
    """Visible things that rise from the floor within a range of y."""
    for thing in view_layer.objects:
        if thing.type in SOLID_TYPES and thing.visible_get(view_layer=view_layer):
            corners = _world_corners(thing)
            least, most = corners.min(0), corners.max(0)
            rises = most[2] > 0 and most[2] - least[2] > 0
            if (
                rises
                and least[1] < depth[1]
                and most[1] > depth[0]
                and most[0] - least[0] < SCENERY_M
            ):
                yield float(least[0]), float(most[0])


def _world_corners(thing: bpy.types.Object) -> Any:
    world = np.array(thing.matrix_world)
    return np.array(thing.bound_box) @ world[:3, :3].T + world[:3, 3]
