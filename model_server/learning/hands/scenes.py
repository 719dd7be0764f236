# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose hand is looked at from where: people in poses, their hands in front of cameras.

A camera sees what `hand_crop` would cut out of a photo: a square of about 0.4 m around the hand,
taken from near or far, in the middle of the photo or at its edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from model_server.bones import BodyBones
from model_server.hands import CROP_SIDE_M, CROP_SIZE, Side
from model_server.learning.body.body_model import ASSET
from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.hands.articulation import (
    ADULT_PALM_M,
    BONES,
    bone_ends,
    palm_m,
    points_of,
    rotations_of,
)
from model_server.learning.hands.poses import random_hands
from model_server.learning.mocap import limits, so3
from model_server.learning.mocap.augment import PoseSampler
from model_server.learning.mocap.so3 import Array
from model_server.learning.rendering import Camera, PosedPerson
from model_server.learning.samples.people import (
    LEVEL_CAM_FROM_BODY,
    PHENOTYPES,
    random_phenotypes,
    random_tilts,
)

FLIP: Final = np.array([-1.0, 1.0, 1.0])
ANY_VIEW: Final = 0.5  # share of people seen from anywhere; the others by an about level camera
DISTANCE_M: Final = (0.35, 12.0)
_TURNED_WRISTS: Final = 0.7
_WRIST_NOISE: Final = np.radians((30.0, 30, 15))  # twist, hinge, side
_BORDER: Final = 1.2  # tangents; photos end somewhere
# What hides hands, from bone to bone, and how far around (metres, adults).
_HIDERS: Final = (
    ("root", "spine02", 0.13),
    ("spine02", "neck01", 0.13),
    ("neck01", "head", 0.08),
    ("upperleg01.L", "lowerleg01.L", 0.07),
    ("upperleg01.R", "lowerleg01.R", 0.07),
)
_CLEARLY_M: Final = 0.05


@dataclass(frozen=True)
class HandScene:
    """A hand before its camera. Truth is of a left hand; right hands are mirrored to left ones."""

    person: PosedPerson
    camera: Camera
    side: Side
    fingers: Array  # (15, 3, 3) relative to the parent
    palm: Array  # (3, 3) cam_from_palm: how the palm is turned away from the reference pose
    reference_m: Array  # (21, 3) this person's left hand in the reference pose

    def points_cam(self, wrist_cam: Array) -> Array:
        """(21, 3) metres in the (mirrored) camera, for the wrist where it was rendered."""
        mirror = FLIP if self.side == "right" else 1.0
        return points_of(self.fingers, self.reference_m) @ self.palm.T + wrist_cam * mirror


class HandScenes:
    """Draws scenes; the same `rng` state gives the same scenes."""

    def __init__(self, poses: PoseSampler, body: LandmarkModel, *, held_out: bool = False) -> None:
        self.poses = poses
        self.body = body
        self.bones = BodyBones(ASSET)
        self.held_out = held_out

    def sample(self, rng: np.random.Generator, count: int) -> list[HandScene]:
        """Scenes in which the body does not hide the hand."""
        scenes: list[HandScene] = []
        while len(scenes) < count:
            scenes += self._drawn(rng, count)
        return scenes[:count]

    def _drawn(self, rng: np.random.Generator, count: int) -> list[HandScene]:
        bodies = self._bodies(rng, count)
        phenotypes = random_phenotypes(count, rng)
        shown, other = (
            rotations_of(random_hands(count, rng, held_out=self.held_out)) for _ in range(2)
        )
        with torch.no_grad():
            turns = torch.from_numpy(bodies)
            world = self.body.world(turns).numpy()
            _, heads = self.body(torch.from_numpy(phenotypes), turns)
        scenes = []
        for i in range(count):
            side: Side = "left" if rng.random() < 0.5 else "right"
            wrist = POSE_BONES.index(f"wrist.{side[0].upper()}")
            palm = world[i, wrist].astype(np.float64)
            palm = palm * FLIP[:, None] * FLIP if side == "right" else palm
            named = dict(zip(PHENOTYPES, phenotypes[i].tolist(), strict=True))
            reference = bone_ends(self.bones.reference(named))
            points = points_of(shown[i], reference) @ palm.T
            points = points * FLIP if side == "right" else points
            camera, place = _camera(points, palm_m(reference - reference[0]), rng)
            root_place = place - heads[i, wrist].numpy()
            if _hidden(heads[i].numpy() + root_place, place + (points[5] + points[17]) / 2):
                continue
            rotations = dict(zip(POSE_BONES[1:], bodies[i, 1:], strict=True))
            rotations |= finger_bones(shown[i], side)
            rotations |= finger_bones(other[i], "right" if side == "left" else "left")
            person = PosedPerson(named, rotations, bodies[i, 0], root_place)
            scenes.append(HandScene(person, camera, side, shown[i], palm, reference))
        return scenes

    def _bodies(self, rng: np.random.Generator, count: int) -> Array:
        """Body rotations (N, 22, 3, 3) float32; the root's is cam_from_body."""
        bodies = self.poses.sample(rng, count)
        level = random_tilts(count, rng) @ LEVEL_CAM_FROM_BODY @ bodies[:, 0]
        anyhow = so3.from_quaternion(rng.normal(size=(count, 4)))
        bodies[:, 0] = np.where(rng.random((count, 1, 1)) < ANY_VIEW, anyhow, level)
        for letter in "LR":
            wrist = POSE_BONES.index(f"wrist.{letter}")
            frame = self.poses.frames[wrist]
            noise = rng.normal(size=(count, 3)) * _WRIST_NOISE
            noise *= rng.random((count, 1)) < _TURNED_WRISTS
            low, high = (bound[wrist] for bound in limits.limit_arrays())
            vectors = limits.to_bone_frames(frame, bodies[:, wrist].astype(np.float64)) + noise
            bodies[:, wrist] = limits.from_bone_frames(frame, np.clip(vectors, low, high))
        return bodies.astype(np.float32)


def finger_bones(rotations: Array, side: Side) -> Mapping[str, Array]:
    """A left hand's rotations (15, 3, 3) by the names of the bones of a hand of that side."""
    if side == "left":
        return dict(zip(BONES, rotations, strict=True))
    mirrored = rotations * FLIP[:, None] * FLIP
    return {bone[:-1] + "R": turn for bone, turn in zip(BONES, mirrored, strict=True)}


def _camera(points: Array, palm: float, rng: np.random.Generator) -> tuple[Camera, Array]:
    """A crop's camera, and where the wrist stands before it (3,); points (21, 3) from the wrist."""
    knuckles = (points[5] + points[17]) / 2
    side_m = CROP_SIDE_M * palm / ADULT_PALM_M * np.exp(rng.normal(0, 0.18))
    distance = np.clip(np.exp(rng.normal(np.log(2.2), 0.65)), *DISTANCE_M)
    tangents = rng.normal(0, 0.25, 2).clip(-_BORDER, _BORDER)
    middle = np.array([*tangents, 1.0]) * distance
    focal_px = CROP_SIZE * distance / side_m
    shift = rng.normal(0, 0.05, 2) * CROP_SIZE
    center = CROP_SIZE / 2 + shift - focal_px * tangents
    return Camera(float(focal_px), (float(center[0]), float(center[1]))), middle - knuckles


def _hidden(heads_cam: Array, hand_cam: Array) -> bool:
    """Whether trunk or thighs of a body with heads (22, 3) stand before a hand at (3,)."""
    distance = float(np.linalg.norm(hand_cam))
    sight = hand_cam / distance
    for start, end, radius in _HIDERS:
        ends = heads_cam[[POSE_BONES.index(start), POSE_BONES.index(end)]]
        along = ends[0] + np.linspace(0, 1, 5)[:, None] * (ends[1] - ends[0])
        depth = along @ sight
        aside = np.linalg.norm(along - depth[:, None] * sight, axis=1)
        if ((depth > 0) & (depth < distance - _CLEARLY_M) & (aside < radius)).any():
            return True
    return False
