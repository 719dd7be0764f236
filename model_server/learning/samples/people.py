# SPDX-License-Identifier: GPL-3.0-or-later
"""Who stands where before which camera: random shapes, camera tilts, lenses, distances and
framings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.network.state import LANDMARKS

Array = npt.NDArray[Any]
PICTURE_PX: Final = 320
PHENOTYPES: Final = ("gender", "age", "muscle", "weight", "height", "proportions")
# Body frame (x left, y back, z up) seen by a level camera in front of the person (x right, y down,
# z forward).
LEVEL_CAM_FROM_BODY: Final = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
AGES: Final = (
    (0.77, 0.6, 1.0),
    (0.1, 0.4, 0.6),
    (0.1, 0.15, 0.4),
    (0.03, 0.05, 0.15),
)  # share, from, to


@dataclass(frozen=True)
class People:
    """N people before their cameras; the picture is the square crop the detector will see."""

    rotations: Array  # (N, 22, 3, 3), the root's is cam_from_body
    phenotypes: Array  # (N, 6)
    translation: Array  # (N, 3) metres
    focal_px: Array  # (N,) of the picture
    center_px: Array  # (N, 2) principal point in the picture, or outside it


def random_people(poses: Array, body: LandmarkModel, rng: np.random.Generator) -> People:
    """Poses (N, 22, 3, 3) with the root in a z-up world → people before cameras."""
    count = len(poses)
    phenotypes = random_phenotypes(count, rng)
    rotations = poses.astype(np.float32).copy()
    rotations[:, 0] = random_tilts(count, rng) @ LEVEL_CAM_FROM_BODY @ poses[:, 0]
    with torch.no_grad():
        landmarks, _ = body(torch.from_numpy(phenotypes), torch.from_numpy(rotations))
    points = landmarks[:, :LANDMARKS].numpy()
    focal = np.exp(rng.normal(np.log(1.25), 0.35, count)).clip(0.65, 3.5)  # in photo widths
    translation = random_places(points, focal, rng)
    scale, corner = random_framing(points + translation[:, None], rng)
    return People(
        rotations,
        phenotypes,
        translation.astype(np.float32),
        (scale * PICTURE_PX).astype(np.float32),
        (-corner * scale[:, None] * PICTURE_PX).astype(np.float32),
    )


def random_phenotypes(count: int, rng: np.random.Generator) -> Array:
    """`PHENOTYPES` (N, 6): mostly adults, all ages."""
    values = rng.beta(1.6, 1.6, (count, 6))
    values[:, 0] = np.where(rng.random(count) < 0.7, rng.random(count).round(), values[:, 0])
    group = rng.choice(len(AGES), count, p=[share for share, _, _ in AGES])
    low, high = np.array([(low, high) for _, low, high in AGES])[group].T
    values[:, 1] = low + (high - low) * rng.random(count)
    return values.astype(np.float32)


def random_tilts(count: int, rng: np.random.Generator) -> Array:
    """Camera pitch and roll (N, 3, 3): nearly level mostly, from above or below at times, any roll
    rarely.
    """
    pitch = rng.normal(0.05, 0.2, count)
    roll = np.where(
        rng.random(count) < 0.06, rng.uniform(-np.pi, np.pi, count), rng.normal(0, 0.07, count)
    )
    return _turn(roll, 2) @ _turn(pitch, 0)


def _turn(angle: Array, axis: int) -> Array:
    """Rotations (N, 3, 3) about one coordinate axis."""
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.tile(np.eye(3), (len(angle), 1, 1))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    rotation[:, i, i], rotation[:, i, j], rotation[:, j, i], rotation[:, j, j] = (
        cosine,
        -sine,
        sine,
        cosine,
    )
    return rotation


def random_places(points: Array, focal: Array, rng: np.random.Generator) -> Array:
    """Root positions (N, 3): the person fills 15 % to 150 % of the photo and stands anywhere in it.

    points (N, 33, 3) are relative to the root, camera axes, metres; focal (N,) in photo widths.
    """
    size = np.ptp(points[..., :2], axis=1).max(1)
    share = np.exp(rng.normal(np.log(0.55), 0.5, len(points))).clip(0.12, 1.6)
    nearest = 0.6 - points[..., 2].min(1)
    distance = np.maximum(focal * size / share, nearest)
    middle = rng.uniform(-0.35, 0.35, (len(points), 2)) / focal[:, None]
    centre = points[..., :2].mean(1)
    return np.concatenate([middle * distance[:, None] - centre, distance[:, None]], 1)


def random_framing(points_cam: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Square crops around people (N, 33, 3): pixels-per-tangent scale (N,), in picture widths, and
    corner (N, 2).

    Mostly the whole person with a margin, as person crops are cut; sometimes cut by the border as
    photos do.
    """
    tangents = points_cam[..., :2] / points_cam[..., 2:]
    low, high = tangents.min(1), tangents.max(1)
    side = (high - low).max(1)
    cut = rng.random(len(side)) < 0.3
    width = side / np.where(cut, rng.uniform(0.9, 3.2, len(side)), rng.uniform(0.5, 0.9, len(side)))
    centre = (low + high) / 2
    towards_head = points_cam[:, :11, :2].mean(1) / points_cam[:, :11, 2:].mean(1) - centre
    centre += np.where(cut, rng.uniform(0.3, 1.0, len(side)), 0)[:, None] * towards_head
    centre += rng.normal(0, 0.06, centre.shape) * width[:, None]
    return 1 / width, centre - width[:, None] / 2
