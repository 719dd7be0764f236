# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-made pictures of several dressed people before one camera, with the truth about each.

All stand on one level floor, except where a scene raises somebody above it: on a step, on a chair,
in the air.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.body_overlay import Mesher
from benchmarks.unusual_scenes import X_AXIS, Z_AXIS, Choreographer, Scene, parameters_of
from model_server.arrays import ImageArray
from model_server.body_params import BodyParams
from model_server.camera import Camera
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap import so3
from model_server.learning.rendering import Camera as StudioCamera
from model_server.learning.rendering import DressedRenderer, PosedPerson
from model_server.learning.samples.people import (
    LEVEL_CAM_FROM_BODY,
    PHENOTYPES,
    random_phenotypes,
)

Array = NDArray[Any]

SIZE: Final = 800  # of the pictures
NORMAL_LENS: Final = 1.2  # of the picture's side: scenes are laid out for it
LENSES: Final = (0.9, 1.6)
# Between these ages and heights: statures of about 1.5 to 1.95 m, 1.05 to 1.5 m, 0.8 to 0.95 m.
AGES: Final = {
    "adult": ((0.6, 0.9), (0.3, 0.52)),
    "child": ((0.2, 0.33), (0.4, 0.55)),
    "toddler": ((0.1, 0.15), (0.4, 0.5)),
}


@dataclass(frozen=True)
class Member:
    """Somebody of a group."""

    age: str  # of AGES
    across: float  # metres to the right of the camera
    distance: float  # metres before it, along the floor
    stance: str = "legs apart"  # of mocap.gestures, as the gesture
    gesture: str = "hanging"
    raised: float = 0.0  # metres that the lowest point is above the floor
    heading: float = 0.0  # degrees to the person's left; 0 faces the camera


@dataclass(frozen=True)
class Group:
    """People before a camera."""

    members: tuple[Member, ...]
    camera_height: float = 1.5  # metres above the floor
    pitch: float = 7.0  # degrees that the camera looks down


def pair(first: Member, second: Member, **camera: float) -> Group:
    return Group((first, second), **camera)


ON_ONE_FLOOR: Final[dict[str, Group]] = {
    "parent and child": pair(Member("adult", -0.5, 3.6), Member("child", 0.5, 3.6)),
    "child behind": pair(Member("adult", -0.6, 3.2), Member("child", 0.8, 5.5)),
    "child before": pair(Member("adult", -0.7, 5.0), Member("child", 0.5, 3.2, gesture="waving")),
    "family": Group(
        (
            Member("adult", -1.4, 5.2, gesture="on hips"),
            Member("child", -0.5, 4.6),
            Member("adult", 0.5, 5.4, gesture="one on hip"),
            Member("child", 1.3, 4.4, gesture="waving"),
        )
    ),
    "from above": Group(
        (
            Member("adult", -1.0, 4.6, gesture="arms crossed"),
            Member("child", 0.0, 3.8),
            Member("adult", 1.0, 5.6, gesture="on hips"),
        ),
        camera_height=2.7,
        pitch=23,
    ),
    "from low": pair(
        Member("adult", -0.6, 4.0), Member("child", 0.7, 4.8), camera_height=0.7, pitch=-3
    ),
    "row in depth": Group(
        (
            Member("adult", -1.0, 3.4, gesture="on hips"),
            Member("child", -0.2, 4.6),
            Member("adult", 0.9, 5.8),
            Member("adult", 2.2, 7.5, gesture="waving"),
        )
    ),
    "adults": Group(
        (
            Member("adult", -1.0, 3.6),
            Member("adult", 0.2, 4.6, gesture="arms crossed"),
            Member("adult", 1.6, 6.0, gesture="on hips"),
        )
    ),
    "children": Group(
        (
            Member("child", -0.9, 3.4),
            Member("child", 0.1, 4.2, gesture="waving"),
            Member("child", 1.2, 4.8, gesture="on hips"),
        ),
        camera_height=1.4,
    ),
    "parent and toddler": pair(
        Member("adult", -0.5, 3.4), Member("toddler", 0.5, 3.2), camera_height=1.4, pitch=10
    ),
    "child on the floor": pair(
        Member("adult", -0.6, 3.8, gesture="on hips"),
        Member("child", 0.6, 3.4, "floor, knees up", "on lap", heading=-30),
        pitch=10,
    ),
    "child squats": Group(
        (
            Member("adult", -1.0, 4.2),
            Member("child", 0.1, 3.6, "squat", "on lap"),
            Member("adult", 1.1, 4.6, gesture="arms crossed"),
        ),
        pitch=10,
    ),
}

NOT_ON_ONE: Final[dict[str, Group]] = {
    "adult on a step": pair(Member("adult", -0.6, 3.8), Member("adult", 0.6, 3.9, raised=0.3)),
    "child on a chair": pair(Member("adult", -0.5, 3.8), Member("child", 0.5, 3.8, raised=0.45)),
    "one on stairs": Group(
        (
            Member("adult", -1.0, 4.2),
            Member("adult", 0.1, 4.4, gesture="on hips"),
            Member("adult", 1.1, 4.6, raised=0.5),
        )
    ),
    "stairs": Group(
        (
            Member("adult", -1.0, 4.0),
            Member("adult", 0.0, 4.3, raised=0.34, gesture="on hips"),
            Member("child", 1.0, 4.6, raised=0.68),
        )
    ),
    "jumping": pair(
        Member("adult", -0.7, 4.2, gesture="waving"),
        Member("adult", 0.8, 4.2, "star jump", "straight up", raised=0.4),
    ),
    "jumping child": Group(
        (
            Member("adult", -1.1, 4.4),
            Member("child", 0.0, 4.0, "star jump", "straight up", raised=0.3),
            Member("adult", 1.1, 4.6, gesture="on hips"),
        )
    ),
    "lying": pair(
        Member("adult", -0.8, 4.6),
        Member("adult", 0.6, 3.9, "on the back", "hanging", heading=80),
        pitch=14,
        camera_height=1.7,
    ),
    "lying on a bench": pair(
        Member("adult", -0.9, 4.6),
        Member("adult", 0.6, 4.0, "on the back", "hanging", heading=-80, raised=0.5),
        pitch=10,
    ),
}

GROUPS: Final = ON_ONE_FLOOR | NOT_ON_ONE


@dataclass(frozen=True)
class GroupShot:
    """A picture and its truth."""

    image: ImageArray  # (SIZE, SIZE, 3)
    camera: Camera
    truths: tuple[BodyParams, ...]
    floor: tuple[Array, float]  # unit normal (3,) down, camera frame, and the camera's height


class GroupStudio:
    """Renders groups."""

    def __init__(self, data: Path, mesher: Mesher) -> None:
        self._choreographer = Choreographer()
        self._mesher = mesher
        self._renderer = DressedRenderer(data, SIZE)

    def shot(self, group: Group, rng: np.random.Generator) -> GroupShot:
        lens = float(np.exp(rng.uniform(*np.log(LENSES))))
        focal_px, center = lens * SIZE, (SIZE / 2, SIZE / 2)
        pitch = np.radians(group.pitch + rng.normal(0, 1.5))
        roll = so3.about(Z_AXIS, np.radians(rng.normal(0, 1.5)))
        cam_from_world = roll @ so3.about(X_AXIS, pitch) @ LEVEL_CAM_FROM_BODY
        height = group.camera_height * float(rng.uniform(0.9, 1.1))
        people = [
            self._person(member, lens / NORMAL_LENS, cam_from_world, height, rng)
            for member in group.members
        ]
        image = self._picture(people, StudioCamera(focal_px, center), rng)
        truths = tuple(parameters_of(person) for person in people)
        camera = Camera(focal_px, center, "given")
        return GroupShot(image, camera, truths, (-cam_from_world[:, 2], height))

    def _person(
        self,
        member: Member,
        stretch: float,
        cam_from_world: Array,
        height: float,
        rng: np.random.Generator,
    ) -> PosedPerson:
        """A member put on the floor, or above it."""
        phenotypes = shape_of(member.age, rng)
        scene = Scene(member.stance, member.gesture, member.heading + rng.normal(0, 20))
        pose = self._choreographer.pose(scene, 0, rng)
        # A person who looks at the camera looks along -y of a z-up world whose y points ahead.
        pose[0] = cam_from_world @ pose[0]
        at_camera = PosedPerson(
            phenotypes,
            dict(zip(POSE_BONES[1:], pose[1:], strict=True)),
            pose[0],
            np.zeros(3),
        )
        around = self._mesher.mesh(parameters_of(at_camera)).vertices_cam @ cam_from_world
        place = np.array(
            [
                member.across * float(rng.uniform(0.9, 1.1)),
                member.distance * stretch * float(rng.uniform(0.9, 1.1)),
                member.raised - height - float(around[:, 2].min()),
            ]
        )
        return replace(at_camera, translation_m=cam_from_world @ place)

    def _picture(
        self, people: list[PosedPerson], camera: StudioCamera, rng: np.random.Generator
    ) -> ImageArray:
        """All of them, the nearest in front, in one light."""
        looks = [self._renderer.sample_look(person.phenotypes, rng) for person in people]
        lit = [replace(look, lighting=looks[0].lighting) for look in looks]
        image: ImageArray | None = None
        for i in np.argsort([-person.translation_m[2] for person in people]):
            render = self._renderer.render(people[i], camera, lit[i], rng, with_faults=False)
            alone = render.silhouette[..., None] > 0
            image = render.image if image is None else np.where(alone, render.image, image)
        if image is None:
            raise ValueError("A group has at least one member.")
        return image


def shape_of(age: str, rng: np.random.Generator) -> Mapping[str, float]:
    """A plausible person of an age of AGES."""
    shape = dict(zip(PHENOTYPES, random_phenotypes(1, rng)[0].tolist(), strict=True))
    ages, heights = AGES[age]
    return shape | {"age": rng.uniform(*ages), "height": rng.uniform(*heights)}
