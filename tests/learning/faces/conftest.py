# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import dataclass

import numpy as np
import pytest

from model_server.learning.faces.anatomy import Anatomy, coefficients_of, seen_points
from model_server.learning.faces.batch import Faces, Sides, faces_of, sides_of
from model_server.learning.faces.face_model import FaceModel
from model_server.learning.faces.learn_points import in_camera
from model_server.learning.faces.network import ACTIONS
from model_server.learning.faces.points import DETECTED, POINTS
from model_server.learning.faces.sculpt import Sculpt, load_sculpt
from model_server.learning.faces.sitters import random_sitters
from model_server.learning.faces.store import FaceSamples
from model_server.learning.rendering.body_arrays import BodyArrays, load_body_arrays

COUNT = 48


@dataclass(frozen=True)
class World:
    """Random faces whose detector is perfect, and what they are made of."""

    body: BodyArrays
    sculpt: Sculpt
    anatomy: Anatomy
    samples: FaceSamples
    faces: Faces
    sides: Sides
    model: FaceModel
    action_names: list[str]


@pytest.fixture(scope="session")
def world() -> World:
    body = load_body_arrays()
    sculpt = load_sculpt(len(body.template_vertices))
    anatomy = seen_points(body, sculpt)
    samples = perfectly_seen(body, sculpt, anatomy)
    faces = faces_of(samples, anatomy, body)
    names = [str(name) for name in body.facial_action_names]
    model = FaceModel(8, ACTIONS)
    model.learn(faces.resting, anatomy)
    return World(body, sculpt, anatomy, samples, faces, sides_of(anatomy, names), model, names)


def perfectly_seen(body: BodyArrays, sculpt: Sculpt, anatomy: Anatomy) -> FaceSamples:
    sitters = random_sitters(body, sculpt, np.random.default_rng(2), COUNT)
    focal = np.array([camera.focal_px for camera in sitters.cameras], np.float32)
    center = np.array([camera.center_px for camera in sitters.cameras], np.float32)
    empty = np.zeros((COUNT, DETECTED), np.float32)
    samples = FaceSamples(
        sitters.actions,
        sitters.phenotypes,
        sitters.sculpt,
        sitters.rotation,
        sitters.translation,
        focal,
        center,
        np.zeros((COUNT, DETECTED, 2), np.float32),
        empty,
    )
    neutral = anatomy.neutral(coefficients_of(body, sitters.phenotypes), sitters.sculpt)
    cam = in_camera(samples, neutral + anatomy.expression(sitters.actions))
    px = cam[..., :2] / cam[..., 2:] * focal[:, None, None] + center[:, None]
    samples.landmarks_px[:, list(POINTS)] = px
    deep = cam[..., 2] - cam[..., 2].mean(1, keepdims=True)
    empty[:, list(POINTS)] = deep * (focal / cam[..., 2].mean(1))[:, None]
    return samples
