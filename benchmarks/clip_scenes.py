# SPDX-License-Identifier: GPL-3.0-or-later
"""Self-made clips of dressed people who move as recorded, with the truth about every frame.

A clip keeps one body, one look, one static camera and one background; the pictures have grain and
go through a video file, as filmed ones do. Recordings are those that nothing was trained on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.locked_feet import (
    ASSET,
    as_recording,
    mover_of,
    recorded,
    with_locked_feet,
)
from benchmarks.unusual_scenes import X_AXIS, Z_AXIS
from benchmarks.video_files import write_video
from hund_blender.body import Body
from hund_blender.rotations import matrices_from_quaternions, quaternions_from_matrices
from model_server.arrays import ImageArray
from model_server.landmark_names import COCO_JOINTS, indices
from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.mocap import so3
from model_server.learning.mocap.library import Library
from model_server.learning.rendering import (
    Camera,
    DressedRenderer,
    Look,
    PosedPerson,
    RenderedSample,
)
from model_server.learning.rendering.grain import normal_grain
from model_server.learning.samples.people import (
    LEVEL_CAM_FROM_BODY,
    PHENOTYPES,
    random_phenotypes,
)

Array = NDArray[Any]

SIZE: Final = 640  # of the pictures
FOCAL: Final = 1.2  # of their side
SHARE: Final = 0.8  # of the picture that the whole movement may fill
GRAIN: Final = 4.0  # of 255
FOOT_POINTS: Final = ("ankle", "heel", "foot_index")
CONTACT_M: Final = 0.04  # a foot this near to the floor and
CONTACT_MS: Final = 0.25  # this slow stands on it


@dataclass(frozen=True)
class Act:
    """A stretch of a recording before a camera."""

    clip: str  # of the mocap library
    first: int = 2  # recordings often begin with a T-pose
    last: int = 150
    heading: float = 0.0  # degrees by which the recording is turned to the person's left
    pitch: float = 6.0  # degrees that the camera looks down
    child: bool = False


ACTS: Final[dict[str, Act]] = {
    "walk to the camera": Act("cmu/07_01", heading=0),
    "walk across": Act("cmu/07_05", heading=90),
    "slow walk": Act("cmu/08_04", heading=40),
    "stride": Act("cmu/08_08", heading=-70),
    "walk, child": Act("cmu/08_03", heading=-20, child=True),
    "Indian dance": Act("indian/14", 100, 280, heading=15),
    "Indian dance, on": Act("indian/14", 400, 560, heading=-30),
    "martial arts": Act("martial/09", 60, 230, heading=20),
    "martial arts, on": Act("martial/09", 260, 430, heading=-60),
    "salsa": Act("salsa/25", 20, 200, heading=30),
}
# Others, to choose settings by.
REHEARSALS: Final[dict[str, Act]] = {
    "walk": Act("cmu/06_01", 2, 124, heading=60),
    "ball": Act("cmu/06_10", 60, 190, heading=10),
    "dance": Act("indian/13", 100, 230, heading=10),
    "martial": Act("martial/07", 60, 190, heading=-20),
    "salsa, other": Act("salsa/20", 20, 150, heading=-40),
    "walk to us": Act("cmu/06_01", 2, 124),
}


@dataclass(frozen=True)
class Truth:
    """What happened in a clip of F frames, metres in the camera frame."""

    fps: float
    focal_px: float
    phenotypes: dict[str, float]
    rotations: Array  # (F, 22, 3, 3), the root's is cam_from_body
    translation: Array  # (F, 3)
    joints: Array  # (F, 17, 3) of COCO
    feet: Array  # (F, 2, 3, 3) left, right; ankle, heel, toe tip
    down: Array  # (3,) unit
    floor: float  # how far it is below the camera, along `down`

    @property
    def contacts(self) -> Array:
        """(F, 2) which foot stands on the floor."""
        low = self.floor - (self.feet @ self.down).max(axis=2) < CONTACT_M
        speed = np.linalg.norm(np.gradient(self.feet.mean(axis=2), axis=0), axis=2) * self.fps
        return low & (speed < CONTACT_MS)

    def save(self, path: Path) -> None:
        arrays = {name: value for name, value in vars(self).items() if name != "phenotypes"}
        about = np.array(json.dumps(self.phenotypes))
        np.savez_compressed(path, phenotypes=about, contacts=self.contacts, **arrays)

    @classmethod
    def load(cls, path: Path) -> Truth:
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files if name != "contacts"}
        numbers = {name: float(arrays.pop(name)) for name in ("fps", "focal_px", "floor")}
        return cls(phenotypes=json.loads(str(arrays.pop("phenotypes"))), **numbers, **arrays)


class Theatre:
    """Renders acts."""

    def __init__(self, data: Path) -> None:
        self.library = Library.load()
        self.actor = Body.load(ASSET)
        self.body = LandmarkModel(BodyModel())
        self.renderer = DressedRenderer(data, SIZE)
        names = self.body.names
        self._coco = list(indices(names, [f"coco:{joint}" for joint in COCO_JOINTS]))
        self._feet = [
            list(indices(names, [f"{side}_{point}" for point in FOOT_POINTS]))
            for side in ("left", "right")
        ]

    def clip(self, act: Act, seed: int, folder: Path, name: str) -> tuple[Path, Truth]:
        """The video and the truth about it, made where they are not in the folder yet."""
        video, told = folder / f"{name}.mp4", folder / f"{name}.npz"
        if not told.exists():
            folder.mkdir(parents=True, exist_ok=True)
            rng = np.random.default_rng(seed)
            truth = self.truth(act, rng)
            write_video(video, self.frames(truth, rng), truth.fps)
            truth.save(told)
        return video, Truth.load(told)

    def truth(self, act: Act, rng: np.random.Generator) -> Truth:
        number = next(i for i, clip in enumerate(self.library.clips) if clip.name == act.clip)
        rows = np.flatnonzero(self.library.clip == number)[act.first : act.last]
        pose = so3.from_quaternion(self.library.quaternions[rows].astype(np.float64))
        pelvis = self.library.pelvis[rows].astype(np.float64)
        shape = dict(zip(PHENOTYPES, random_phenotypes(1, rng)[0].tolist(), strict=True))
        shape["age"] = 0.3 if act.child else float(np.clip(shape["age"], 0.6, 0.85))
        turn = so3.about(Z_AXIS, np.radians(act.heading)) @ _to_the_front(pose[0, 0])
        pose[:, 0], pelvis = turn @ pose[:, 0], (pelvis - pelvis[0]) @ turn.T + [0, 0, pelvis[0, 2]]
        points = self._points(shape, pose)
        lowest = points[:, [*self._feet[0], *self._feet[1]]][..., 2].min(axis=1)
        pelvis = pelvis * (np.median(-lowest) / np.median(pelvis[:, 2]))  # legs of another length
        pose, pelvis = self._standing(shape, pose, pelvis, self.library.clips[number].frame_rate)
        points = self._points(shape, pose)
        cam = so3.about(X_AXIS, np.radians(act.pitch)) @ LEVEL_CAM_FROM_BODY
        points = (points + pelvis[:, None]) @ cam.T
        away = _in_view(points)
        points += away
        pose[:, 0] = cam @ pose[:, 0]
        down = -cam[:, 2]
        feet = np.stack([points[:, rows] for rows in self._feet], axis=1)
        return Truth(
            fps=self.library.clips[number].frame_rate,
            focal_px=FOCAL * SIZE,
            phenotypes=shape,
            rotations=pose,
            translation=pelvis @ cam.T + away,
            joints=points[:, self._coco],
            feet=feet,
            down=down,
            floor=float(np.median((feet @ down).max(axis=(1, 2)))),
        )

    def _standing(
        self, shape: Mapping[str, float], pose: Array, pelvis: Array, fps: float
    ) -> tuple[Array, Array]:
        """The same with feet that stay where they stand."""
        mover = mover_of(self.actor, shape)
        motion = recorded(quaternions_from_matrices(pose), pelvis, fps, mover)
        still = with_locked_feet(motion, mover)
        return matrices_from_quaternions(as_recording(still, mover)), still.root_m

    def _points(self, shape: Mapping[str, float], pose: Array) -> Array:
        """Landmarks (F, L, 3) relative to the root's head."""
        values = torch.tensor([[shape[name] for name in PHENOTYPES]], dtype=torch.float32)
        with torch.no_grad():
            turns = torch.from_numpy(pose).float()
            return self.body(values.expand(len(pose), -1), turns)[0].double().numpy()

    def frames(self, truth: Truth, rng: np.random.Generator) -> Iterator[ImageArray]:
        look = self.renderer.sample_look(truth.phenotypes, rng)
        surroundings = int(rng.integers(1 << 30))
        for frame in range(len(truth.joints)):
            image = self.shown(truth, frame, look, surroundings).image
            noise = normal_grain(rng, image.shape) * np.float32(GRAIN)
            yield np.clip(image + noise, 0, 255).astype(np.uint8)

    def shown(self, truth: Truth, frame: int, look: Look, surroundings: int) -> RenderedSample:
        """A frame without grain; the same number gives the same surroundings."""
        pose, place = truth.rotations[frame], truth.translation[frame]
        turns = dict(zip(POSE_BONES[1:], pose[1:], strict=True))
        person = PosedPerson(truth.phenotypes, turns, pose[0], place)
        camera = Camera(truth.focal_px, (SIZE / 2, SIZE / 2))
        same = np.random.default_rng(surroundings)
        return self.renderer.render(person, camera, look, same, with_faults=False)


def _to_the_front(root: Array) -> Array:
    """The turn (3, 3) about the upright after which a pelvis (3, 3) looks to the camera."""
    front = -root[:, 1]
    return so3.about(Z_AXIS, -np.arctan2(front[0], -front[1]))


def _in_view(points: Array) -> Array:
    """Where points (F, L, 3) have to be moved to so that the whole movement is seen."""
    middle = (points.min(axis=(0, 1)) + points.max(axis=(0, 1))) / 2
    points = points - middle
    half = SHARE / 2 / FOCAL
    distance = float((np.abs(points[..., :2]).max(axis=2) / half - points[..., 2]).max())
    return np.array([0, 0, distance]) - middle
