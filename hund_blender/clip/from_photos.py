# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos that stand for poses: a clip of one person, one frame for each photo.

Every photo has a camera of its own, so the person stands on the spot, on the floor, and who looked
at the camera looks to the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..axes import cam_from_blender
from ..body import Body
from ..estimate import Person, Photo
from ..pose import stand_in_pose
from .data import KEYPOINTS, Clip, Track
from .recording import UPRIGHT

Array = npt.NDArray[Any]


def clip_of_photos(
    body: Body, photo: Photo, people: Sequence[Person], fps: float, source: str
) -> Clip:
    """One frame for each person, all taken for the same one; photo tells the clip's size."""
    phenotypes = _typical(body, people)
    names = {name: place for place, name in enumerate(body.bone_names)}
    count = len(people)
    rotations = np.zeros((count, len(names), 4))
    rotations[..., 0] = 1.0
    for row, person in enumerate(people):
        for name, wxyz in person.rotations_wxyz.items():
            rotations[row, names[name]] = wxyz
    track = Track(
        number=0,
        frames=np.arange(1, count + 1, dtype=np.int32),
        seen=np.ones(count, bool),
        root_wxyz=np.array([person.root_wxyz for person in people]),
        translation_m=np.array([_standing(body, person, phenotypes) for person in people]),
        rotations_wxyz=rotations,
        phenotypes=phenotypes,
        facial_actions=np.array(
            [_values(p.facial_actions, body.facial_action_names) for p in people]
        ),
        confidence=np.array([_values(p.joint_confidence, body.bone_names) for p in people]),
        box_px=np.array([person.box_px for person in people]),
        gravity=np.array(UPRIGHT),
        floor_m=0.0,
        keypoints_cam=np.full((count, KEYPOINTS, 3), np.nan),
        feet_cam=np.full((count, 2, 3, 3), np.nan),
    )
    return Clip(
        fps=fps,
        width=photo.width,
        height=photo.height,
        focal_px=photo.focal_px,
        center_px=photo.center_px,
        rig=body.rig,
        bones=body.bone_names,
        phenotypes=body.phenotype_names,
        facial_actions=body.facial_action_names,
        source=source,
        tracks=(track,),
        request={"origin": 1, "step": 1},
    )


def _typical(body: Body, people: Sequence[Person]) -> Array:
    shapes = [
        [person.phenotypes.get(name, 0.5) for name in body.phenotype_names] for person in people
    ]
    typical: Array = np.median(shapes, axis=0)
    return typical


def _standing(body: Body, person: Person, phenotypes: Array) -> Array:
    """Where the root is, in the frame of a camera on the floor, when the person stands there."""
    rest = body.rest(dict(zip(body.phenotype_names, phenotypes.tolist(), strict=True)))
    lowest = stand_in_pose(body, rest, person)
    return cam_from_blender(lowest.heads[0], np.zeros(3))


def _values(values: Any, names: Sequence[str]) -> list[float]:
    return [values.get(name, 0.0) for name in names]
