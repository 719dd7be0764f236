# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles at a person's landmarks: small discs in front of the photo's camera, to be dragged.

Each knows where its landmark was seen. Whatever handle is elsewhere is a pin, and whatever handle
is missing was dropped, so that the artist needs nothing but Blender's own tools.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import bpy
import numpy as np

from ..axes import seen_at, seen_px
from ..confidence import Grip, Step, kind_of
from ..sighting import HANDLES, Correction, Pixel, Sighting
from .handle_shapes import handle_mesh, remove_unused_shapes

LANDMARK: Final = "hund_landmark"  # on handles: name of the landmark
OWNER: Final = "hund_character"  # on handles: the armature object
SEEN_PX: Final = "hund_seen_px"  # on handles: where the landmark was seen or put
PIN: Final = "hund_pinned"  # on handles: whether the landmark was put there
DROP: Final = "hund_dropped"  # on handles: whether it is not to be believed
DIGITS: Final = 2  # of pixels, as the server rounds them
MOVED_PX: Final = 0.5  # handles farther away from that have been dragged
RADIUS: Final = 0.012  # of a person's height in the photo
NEARER: Final = 0.5  # than the person: clicks must find handles before bones and skin


def is_handle(thing: Any) -> bool:
    return thing is not None and LANDMARK in thing


def owner_of(thing: Any) -> Any:
    """The character that a handle belongs to, None for other things."""
    return thing.get(OWNER) if is_handle(thing) else None


def handles_of(character: bpy.types.Object) -> dict[str, Any]:
    """By landmark."""
    return {thing[LANDMARK]: thing for thing in bpy.data.objects if owner_of(thing) == character}


def add_handles(character: bpy.types.Object, camera: Any, sighting: Sighting) -> None:
    """A handle for each of the landmarks in `HANDLES`, hanging on the camera."""
    for name in HANDLES:
        shape = handle_mesh(_kind(sighting, name))
        handle: Any = bpy.data.objects.new(f"{character.name} {name}", shape)
        handle.parent = camera
        handle[LANDMARK], handle[OWNER] = name, character
        handle.show_in_front = handle.hide_render = True
        handle.lock_location = (False, False, True)
        handle.lock_rotation = handle.lock_scale = (True, True, True)
        character.users_collection[0].objects.link(handle)
        _settle(handle, sighting)


def remove_handles(character: bpy.types.Object) -> None:
    for handle in handles_of(character).values():
        bpy.data.objects.remove(handle)
    remove_unused_shapes()


def places_px(character: bpy.types.Object, sighting: Sighting) -> dict[str, Pixel]:
    """Where the handles are, in pixels of the photo."""
    return {name: _place_px(handle, sighting) for name, handle in handles_of(character).items()}


def correction_of(character: bpy.types.Object, sighting: Sighting) -> Correction:
    """What the handles say; without any, what was said last."""
    handles = handles_of(character)
    if not handles:
        return sighting.correction
    dropped = {name for name in HANDLES if name not in handles or handles[name].get(DROP)}
    dragged = {name: px for name in handles if (px := _dragged_px(handles[name], sighting))}
    kept = {name: tuple(handles[name][SEEN_PX]) for name in handles if handles[name].get(PIN)}
    return Correction(
        pins={name: px for name, px in kept.items() if name not in dropped} | dragged,
        dropped=frozenset(dropped.difference(dragged)),
        hypothesis=sighting.correction.hypothesis,
    )


def _dragged_px(handle: Any, sighting: Sighting) -> Pixel | None:
    """Where a handle is, unless it is where its landmark was seen."""
    x, y = _place_px(handle, sighting)
    if np.linalg.norm(np.subtract((x, y), handle[SEEN_PX])) < MOVED_PX:
        return None
    return round(x, DIGITS), round(y, DIGITS)


def drop(handles: Iterable[Any], sighting: Sighting) -> None:
    """Believe these landmarks no longer."""
    for handle in handles:
        _forget_drags(handle, sighting, Grip.DROPPED)
        handle[DROP] = True


def release(handles: Iterable[Any], sighting: Sighting) -> None:
    """Leave it to the server where these landmarks are; it will bring them there."""
    for handle in handles:
        _forget_drags(handle, sighting, Step.UNSURE)


def _forget_drags(handle: Any, sighting: Sighting, kind: Step | Grip) -> None:
    handle[PIN] = handle[DROP] = False
    handle[SEEN_PX] = list(_place_px(handle, sighting))
    handle.data = handle_mesh(kind)


def settle_handles(
    character: bpy.types.Object, sighting: Sighting, asked_px: Mapping[str, Pixel]
) -> None:
    """Bring the handles to what the server has answered, but for those that were dragged on since
    it was asked.
    """
    for name, handle in handles_of(character).items():
        place = _place_px(handle, sighting)
        if np.linalg.norm(np.subtract(place, asked_px.get(name, place))) < MOVED_PX:
            _settle(handle, sighting)


def _settle(handle: Any, sighting: Sighting) -> None:
    name, photo = handle[LANDMARK], sighting.photo
    px = sighting.person.landmarks[name].px
    handle[SEEN_PX] = px.tolist()
    handle[PIN] = name in sighting.correction.pins
    handle[DROP] = name in sighting.correction.dropped
    handle.data = handle_mesh(_kind(sighting, name))
    depth = NEARER * float(sighting.person.translation_m[2]) * handle[OWNER].scale[0]
    handle.location = seen_at(px, depth, photo.focal_px, photo.center_px).tolist()
    radius_px = RADIUS * float(max(sighting.person.box_px[2:]))
    handle.scale = (radius_px * depth / photo.focal_px,) * 3


def _kind(sighting: Sighting, name: str) -> Step | Grip:
    dropped = name in sighting.correction.dropped
    return kind_of(sighting.person.landmarks[name], dropped=dropped)


def _place_px(handle: Any, sighting: Sighting) -> Pixel:
    photo = sighting.photo
    x, y = seen_px(np.array(handle.location), photo.focal_px, photo.center_px).tolist()
    return x, y
