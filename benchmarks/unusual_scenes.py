# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-made pictures of dressed people in poses that few photos show, with the truth about them.

Made-up poses are composed of the stances and gestures that training also draws from, in other
draws; the recorded ones are of clips that were never trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from model_server.arrays import ImageArray
from model_server.body_params import BodyParams, wxyz_from_matrix
from model_server.camera import Camera
from model_server.landmark_names import indices
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap import reference as reference_pose
from model_server.learning.mocap import so3
from model_server.learning.mocap.augment import PoseSampler
from model_server.learning.mocap.gestures import GESTURES, STANCES
from model_server.learning.rendering import Camera as StudioCamera
from model_server.learning.rendering import DressedRenderer, PosedPerson
from model_server.learning.samples.people import (
    LEVEL_CAM_FROM_BODY,
    PHENOTYPES,
    random_phenotypes,
)

Array = NDArray[Any]

SIZE: Final = 640  # of the pictures
ADULT: Final = {"age": 0.67}
CHILD: Final = {"age": 0.3}
TODDLER: Final = {"age": 0.15}
DRAWS: Final = 600  # so many random stances that every one is among them
FRAMES_APART: Final = 50  # of the recordings, most special first: neighbours are alike
BELOW_WAIST: Final = ("knee", "ankle", "heel", "foot")
NEAREST_M: Final = 0.5
X_AXIS: Final = np.array([1.0, 0, 0])
Z_AXIS: Final = np.array([0.0, 0, 1])


@dataclass(frozen=True)
class Scene:
    """A pose before a camera."""

    stance: str  # of mocap.gestures, or how a frame of a held-out recording is chosen
    gesture: str = ""  # of mocap.gestures; recordings have their own
    heading: float = 20.0  # degrees to the person's left; 0 faces the camera
    pitch: float = 5.0  # degrees that the camera looks down
    share: float = 0.55  # of the picture that the person fills
    focal: float = 1.2  # of the picture's side
    cropped: bool = False  # at the waist
    phenotypes: Mapping[str, float] = field(default_factory=lambda: ADULT)


SCENES: Final[dict[str, Scene]] = {
    "handstand": Scene("handstand", "straight up"),
    "handstand, from the side": Scene("handstand", "straight up", heading=75),
    "sitting at chair height": Scene("chair", "on lap", heading=35),
    "chair, leg over leg": Scene("chair, leg over leg", "at the face", heading=-25),
    "cross-legged": Scene("cross-legged", "on lap"),
    "floor, knees up": Scene("floor, knees up", "hanging", heading=-50),
    "arms and legs crossed": Scene("legs crossed", "arms crossed"),
    "sitting, arms crossed": Scene("chair", "arms crossed", heading=0),
    "back view": Scene("legs apart", "one up", heading=180),
    "back view, hands behind": Scene("legs apart", "clasped behind", heading=160),
    "back view, crouching": Scene("squat", "hanging", heading=200),
    "lying on the back": Scene("on the back", "behind head", heading=80, pitch=30),
    "lying, seen from the head": Scene("on the back", "spread", heading=180, pitch=40),
    "face down": Scene("face down", "elbows raised", heading=-70, pitch=25),
    "curled up on the side": Scene("curled up on the side", "at the face", heading=0, pitch=30),
    "cropped at the waist": Scene("legs apart", "on hips", share=0.8, cropped=True),
    "cropped, arms crossed": Scene("legs apart", "arms crossed", share=0.8, cropped=True),
    "child": Scene("legs apart", "waving", phenotypes=CHILD),
    "toddler, squatting": Scene("squat", "on lap", pitch=20, phenotypes=TODDLER),
    "crouching": Scene("squat", "clasped before", heading=40),
    "star jump": Scene("star jump", "straight up"),
    "tucked jump": Scene("tucked jump", "spread", heading=-30, pitch=-10),
    "reaching to the camera": Scene("half squat", "straight ahead", 0, share=0.8, focal=0.7),
    "all fours": Scene("all fours", "supporting", heading=65),
    "touching the toes": Scene("touching toes", "straight ahead", heading=70),
    "recorded, highest foot": Scene("highest foot", heading=40),
    "recorded, lowest hips": Scene("lowest hips", heading=-30),
}


class Choreographer:
    """Poses (22, 3, 3) of scenes, the root's in a z-up world."""

    def __init__(self) -> None:
        self._sampler = PoseSampler(split="test")
        self._composer = self._sampler.composer
        _, heads = reference_pose.forward(
            self._composer.reference, self._sampler.recorded.astype(np.float64)
        )
        names = self._composer.reference.names
        feet = heads[:, [names.index("foot.L"), names.index("foot.R")], 2]
        # Recordings by what is special about them, the most special frame first.
        self._ranks = {
            "highest foot": np.argsort(-feet.max(axis=1)),
            "lowest hips": np.argsort(-feet.min(axis=1)),
        }

    def pose(self, scene: Scene, look: int, rng: np.random.Generator) -> Array:
        if scene.stance in self._ranks:
            frame = self._ranks[scene.stance][look * FRAMES_APART]
            pose = facing(self._sampler.recorded[frame].astype(np.float64))
        else:
            pose = self._made_up(scene, rng)
        pose[0] = so3.about(Z_AXIS, np.radians(scene.heading)) @ pose[0]
        return pose

    def _made_up(self, scene: Scene, rng: np.random.Generator) -> Array:
        pose = np.tile(np.eye(3), (len(POSE_BONES), 1, 1))
        drawn = self._composer.lower_bodies(rng, DRAWS)
        row = np.flatnonzero(drawn.kind == list(STANCES).index(scene.stance))[0]
        gesture = np.array([list(GESTURES).index(scene.gesture)])
        parts = {bone: turns[row] for bone, turns in drawn.rotations.items()}
        for side in (".L", ".R"):
            arm = self._composer.arm(rng, gesture, side)
            parts |= {bone: turns[0] for bone, turns in arm.items()}
        for bone, turn in parts.items():
            pose[POSE_BONES.index(bone)] = turn
        return pose


def facing(pose: Array) -> Array:
    """The pose (22, 3, 3) turned so that the front of the pelvis looks to -y."""
    front = -pose[0][:, 1]
    heading = np.arctan2(front[0], -front[1])
    return np.concatenate([(so3.about(Z_AXIS, -heading) @ pose[0])[None], pose[1:]])


@dataclass(frozen=True)
class Shot:
    """A picture and its truth."""

    image: ImageArray  # (SIZE, SIZE, 3)
    camera: Camera
    truth: BodyParams
    landmarks_cam: Array  # (L, 3), names are the landmark model's


class Studio:
    """Renders scenes."""

    def __init__(self, data: Path) -> None:
        self.choreographer = Choreographer()
        self.body = LandmarkModel(BodyModel())
        self.renderer = DressedRenderer(data, SIZE)

    def shot(self, scene: Scene, look: int, rng: np.random.Generator) -> Shot:
        shape = dict(zip(PHENOTYPES, random_phenotypes(1, rng)[0].tolist(), strict=True))
        phenotypes = shape | scene.phenotypes
        pose = self.choreographer.pose(scene, look, rng)
        pose[0] = so3.about(X_AXIS, np.radians(scene.pitch)) @ LEVEL_CAM_FROM_BODY @ pose[0]
        points = self._landmarks(phenotypes, pose)
        focal_px = scene.focal * SIZE
        place = placed(points, self.body.names, scene, focal_px)
        person = PosedPerson(phenotypes, dict(zip(POSE_BONES[1:], pose[1:])), pose[0], place)  # noqa: B905
        center = (SIZE / 2, SIZE / 2)
        render = self.renderer.render(
            person,
            StudioCamera(focal_px, center),
            self.renderer.sample_look(phenotypes, rng),
            rng,
            with_faults=False,
        )
        camera = Camera(focal_px, center, "given")
        return Shot(render.image, camera, parameters_of(person), points + place)

    def _landmarks(self, phenotypes: Mapping[str, float], pose: Array) -> Array:
        """Landmarks (L, 3) relative to the root's head, camera axes."""
        shape = torch.tensor([[phenotypes[name] for name in PHENOTYPES]], dtype=torch.float32)
        with torch.no_grad():
            return self.body(shape, torch.from_numpy(pose).float()[None])[0][0].numpy()


def parameters_of(person: PosedPerson) -> BodyParams:
    """The true person, written as an answer would be."""
    turns = wxyz_from_matrix(np.stack([person.root_rotation, *person.rotations.values()]))
    return BodyParams(
        "anny",
        tuple(turns[0].tolist()),
        tuple(person.translation_m.tolist()),
        {
            bone: tuple(turn.tolist())
            for bone, turn in zip(person.rotations, turns[1:], strict=True)
        },
        person.phenotypes,
    )


def placed(points: Array, names: Sequence[str], scene: Scene, focal_px: float) -> Array:
    """Where the root (3,) stands so that landmarks `points` (L, 3) fill the picture as wanted."""
    shown = points
    if scene.cropped:
        shown = points[[not any(word in name for word in BELOW_WAIST) for name in names]]
    low, high = shown.min(axis=0), shown.max(axis=0)
    extent = float((high - low)[:2].max())
    distance = max(focal_px * extent / (scene.share * SIZE), NEAREST_M + float(high[2] - low[2]))
    place = np.array([0, 0, distance]) - (low + high) / 2
    if scene.cropped:  # the hips on the lower border
        hips = points[list(indices(names, ["left_hip", "right_hip"]))].mean(axis=0)
        place[1] = SIZE / 2 / focal_px * (hips[2] + place[2]) - hips[1]
    return place
