# SPDX-License-Identifier: GPL-3.0-or-later
"""People made of the body that ships, seen without error."""

import numpy as np
import pytest

from model_server.body_params import body_params
from model_server.bones import Array, BodyBones
from model_server.camera import Camera
from model_server.decode import confidence_of, joint_confidence_of, keypoints_of
from model_server.estimate import Person
from model_server.hypotheses import person_box
from model_server.landmarks import PersonLandmarks, PoseLandmarks
from model_server.physique import Physique
from model_server.reaching import Stance
from model_server.settings import ASSETS
from model_server.turns import turn_about

ASSET = ASSETS / "anny.npz"
CAMERA = Camera(900.0, (400.0, 400.0), "given")
SHAPE = {"age": 0.67, "gender": 0.5, "height": 0.4}
UPRIGHT = turn_about(np.array([1.0, 0, 0]), np.pi / 2)  # cam_from_body of who faces the camera


def the_physique() -> Physique:
    if not ASSET.is_file():
        pytest.skip("the body asset is not exported")
    return Physique(ASSET, BodyBones(ASSET))


def stance(**degrees: float) -> Stance:
    """Somebody three metres away, limbs turned about the axis that points at the camera."""
    toward = np.array([0.0, 1, 0])
    turns = {
        name.replace("_", "."): turn_about(toward, np.radians(angle))
        for name, angle in degrees.items()
    }
    return Stance(turns, UPRIGHT, np.array([0.1, 0.2, 3.0]))


def seen_points(physique: Physique, posed: Stance) -> tuple[Array, Array]:
    """Landmarks (33, 3) and joints (17, 3) in the camera frame."""
    landmarks, joints = physique.landmarks(SHAPE, posed.rotations, posed.root)
    return landmarks + posed.place, joints + posed.place


def person(physique: Physique, posed: Stance) -> Person:
    """Somebody as the server tells of them."""
    landmarks, joints = seen_points(physique, posed)
    hips = landmarks[23:25].mean(axis=0)
    look = PoseLandmarks(
        landmarks_px=CAMERA.project(landmarks).astype(np.float32),
        depth=(landmarks - hips)[:, 2].astype(np.float32) * 300,
        visibility=np.ones(33, np.float32),
        presence=np.ones(33, np.float32),
        world_m=(landmarks - hips).astype(np.float32),
    )
    seen = PersonLandmarks((look,), np.ones((1, 33), np.float32))
    confidence = confidence_of(seen)
    return Person(
        box=person_box(look),
        confidence=1.0,
        keypoints=keypoints_of(joints.astype(np.float32), confidence, CAMERA),
        landmarks=seen,
        joint_confidence=joint_confidence_of(list(posed.rotations), confidence),
        parameters=body_params("anny", posed.root, posed.place, posed.rotations, SHAPE),
    )
