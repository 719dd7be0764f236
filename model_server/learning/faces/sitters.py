# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks how into which camera: random heads, expressions, lenses and crops as the server cuts
them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from model_server.face import CROP_SIZE
from model_server.learning.faces.expressions import random_expressions
from model_server.learning.faces.sculpt import Sculpt
from model_server.learning.rendering import Camera, PosedPerson
from model_server.learning.rendering.body_arrays import BodyArrays
from model_server.learning.rendering.posing import pose_people
from model_server.learning.samples.people import (
    LEVEL_CAM_FROM_BODY,
    PHENOTYPES,
    random_phenotypes,
)

_MOST_YAW = np.radians(65)
_FACE_BELOW_EYES_M = 0.03  # the middle of eyes, ears and mouth


@dataclass(frozen=True)
class Sitters:
    """N people before their cameras."""

    people: list[PosedPerson]
    cameras: list[Camera]
    actions: np.ndarray  # (N, A)
    phenotypes: np.ndarray  # (N, 6)
    sculpt: np.ndarray  # (N, D)
    rotation: np.ndarray  # (N, 3, 3) camera from the head's rest axes
    translation: np.ndarray  # (N, 3) metres


def random_sitters(body: BodyArrays, sculpt: Sculpt, rng: Generator, count: int) -> Sitters:
    action_names = [str(name) for name in body.facial_action_names]
    actions = random_expressions(action_names, rng, count)
    phenotypes = random_phenotypes(count, rng)
    amounts = sculpt.random(rng, count)
    people = []
    for row, (root, bones) in enumerate(_random_heads(rng, count)):
        people.append(
            PosedPerson(
                dict(zip(PHENOTYPES, phenotypes[row].tolist(), strict=True)),
                bones,
                root,
                np.zeros(3),
                dict(zip(action_names, actions[row].tolist(), strict=True)),
            )
        )
    posed = pose_people(_only_bones(body), people)
    names = [str(name) for name in body.bone_names]
    eyes = posed.joints_cam[:, [names.index("eye.L"), names.index("eye.R")]].mean(1)
    head = names.index("head")
    places, cameras = _random_views(eyes, posed.cam_from_rest[:, head, :, :3], rng)
    people = [
        dataclasses.replace(person, translation_m=place, rest_offset_m=offset)
        for person, place, offset in zip(people, places, sculpt.offsets(amounts), strict=True)
    ]
    return Sitters(
        people,
        cameras,
        actions,
        phenotypes,
        amounts,
        posed.cam_from_rest[:, head, :, :3],
        (posed.cam_from_rest[:, head, :, 3] + places).astype(np.float32),
    )


def _only_bones(body: BodyArrays) -> BodyArrays:
    """The same body with hardly a vertex, which poses in no time."""
    return dataclasses.replace(
        body,
        template_vertices=body.template_vertices[:1],
        shape_vertices=body.shape_vertices[:, :1],
        face_vertex_ids=body.face_vertex_ids[:0],
        face_vertices=body.face_vertices[:, :0],
    )


def _random_heads(rng: Generator, count: int) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Root rotations and bone rotations (3, 3) that turn heads as the detector sees them: up to 65°
    aside; the neck does some of it, the whole body the rest.
    """
    return [_random_head(rng) for _ in range(count)]


def _random_head(rng: Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    wide = rng.random() < 0.5
    yaw = rng.uniform(-_MOST_YAW, _MOST_YAW) if wide else rng.normal(0, np.radians(14))
    pitch = np.clip(rng.normal(0, np.radians(13)), -0.65, 0.65)
    roll = rng.uniform(-0.78, 0.78) if rng.random() < 0.1 else rng.normal(0, np.radians(9))
    # Body axes: x left, y back, z up.
    cam_from_head = LEVEL_CAM_FROM_BODY @ about(1, roll) @ about(0, pitch) @ about(2, yaw)
    share = rng.uniform(0.2, 0.9)
    half = [share * angle / 2 for angle in (yaw, pitch, roll)]
    half = [angle + rng.normal(0, 0.04) for angle in half]
    turn = about(1, half[2]) @ about(0, half[1]) @ about(2, half[0])
    root = cam_from_head @ (turn @ turn).T
    return root, {"neck01": turn, "head": turn}


def about(axis: int, angle: float) -> np.ndarray:
    """The rotation (3, 3) about one coordinate axis."""
    cosine, sine = np.cos(angle), np.sin(angle)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.eye(3)
    rotation[i, i], rotation[i, j], rotation[j, i], rotation[j, j] = cosine, -sine, sine, cosine
    return rotation


def _random_views(
    eyes: np.ndarray, cam_from_head: np.ndarray, rng: Generator
) -> tuple[np.ndarray, list[Camera]]:
    """Places of the roots (N, 3) and cameras of the crops, for eyes (N, 3) relative to the roots
    and head axes (N, 3, 3).
    """
    count = len(eyes)
    middle = eyes - _FACE_BELOW_EYES_M * cam_from_head[:, :, 2]
    distance = np.exp(rng.uniform(np.log(0.45), np.log(6.0), count))
    aside = rng.uniform(-0.5, 0.5, (count, 2)) * rng.random((count, 1))
    target = np.column_stack([aside, np.ones(count)]) * distance[:, None]
    side_m = np.exp(rng.normal(np.log(0.43), 0.17, count)).clip(0.27, 0.7)
    focal = CROP_SIZE * distance / side_m
    corner = CROP_SIZE * (0.5 + rng.normal(0, 0.035, (count, 2)))
    centers = corner - aside * focal[:, None]
    cameras = [
        Camera(float(f), (float(c[0]), float(c[1]))) for f, c in zip(focal, centers, strict=True)
    ]
    return target - middle, cameras
