# SPDX-License-Identifier: GPL-3.0-or-later
"""Phenotypes and rotations -> rest vertices and skinning transforms, many people at once.

The formulas are those of `docs/conventions.md`; the work is a handful of float32 matrix products
per batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from model_server.learning.rendering.body_arrays import BodyArrays

# Anchors of each interpolated phenotype, in the order of the 26 columns of `variation_mask`,
# which the three races precede.
_ANCHORS = {
    "gender": np.linspace(0, 1, 2),
    "age": np.linspace(-1 / 3, 1, 5),
    "muscle": np.linspace(0, 1, 3),
    "weight": np.linspace(0, 1, 3),
    "height": np.linspace(0, 1, 2),
    "proportions": np.linspace(0, 1, 2),
    "cupsize": np.linspace(0, 1, 3),
    "firmness": np.linspace(0, 1, 3),
}


@dataclass(frozen=True)
class PosedPerson:
    """A body in a pose before a camera: the parameters of `docs/conventions.md`.

    `rotations` maps bone names to parent-relative 3x3 rotations; absent bones stay at the reference
    pose.
    `root_rotation` is `cam_from_body` (3, 3); `translation_m` (3,) is the root bone's head in the
    camera frame. `rest_offset_m` (V, 3), body frame, shapes the rest body beyond its phenotypes.
    """

    phenotypes: Mapping[str, float]
    rotations: Mapping[str, np.ndarray]
    root_rotation: np.ndarray
    translation_m: np.ndarray
    facial_actions: Mapping[str, float] = field(default_factory=dict)
    rest_offset_m: np.ndarray | None = None


@dataclass(frozen=True)
class PosedBatch:
    """What skinning needs for N people.

    `rest_vertices` (N, V, 3) metres in the body frame; `cam_from_rest` (N, B, 3, 4) affine map of
    each bone from
    the rest body to the camera frame; `joints_cam` (N, B, 3) posed bone heads in the camera frame.
    """

    rest_vertices: np.ndarray
    cam_from_rest: np.ndarray
    joints_cam: np.ndarray


def pose_people(body: BodyArrays, people: Sequence[PosedPerson]) -> PosedBatch:
    """Shape and pose N people; cost is dominated by one (N, K) x (K, 3V) product."""
    coefficients = shape_coefficients(body, people)
    count = len(people)
    rest = coefficients @ body.shape_vertices.reshape(len(body.shape_vertices), -1)
    rest = rest.reshape(count, -1, 3) + body.template_vertices
    actions = _face_coefficients(body, people)
    if actions.any():
        moved = actions @ body.face_vertices.reshape(len(body.face_vertices), -1)
        rest[:, body.face_vertex_ids] += moved.reshape(count, -1, 3)
    for row, person in zip(rest, people, strict=True):
        if person.rest_offset_m is not None:
            row += person.rest_offset_m

    heads = np.tensordot(coefficients, body.shape_bone_heads, 1) + body.bone_heads
    matrices = np.tensordot(coefficients, body.shape_rest_matrices, 1) + body.rest_matrices
    rest_rotations = nearest_rotations(matrices)
    rest_rotations[:, 0] = np.eye(3)
    deltas = _delta_rotations(body, people)
    rotations, joints = _forward_kinematics(body, rest_rotations, heads, deltas)

    root = np.stack([p.root_rotation for p in people]).astype(np.float32)  # (N, 3, 3)
    translation = np.stack([p.translation_m for p in people]).astype(np.float32)
    cam_rotations = root[:, None] @ rotations
    joints_cam = (joints - heads[:, :1]) @ root.transpose(0, 2, 1) + translation[:, None]
    offsets = joints_cam - (cam_rotations @ heads[..., None])[..., 0]
    cam_from_rest = np.concatenate([cam_rotations, offsets[..., None]], axis=-1)
    return PosedBatch(rest, cam_from_rest.astype(np.float32), joints_cam)


def shape_coefficients(body: BodyArrays, people: Sequence[PosedPerson]) -> np.ndarray:
    """Basis coefficients (N, K) of the people's phenotypes."""
    columns = [np.full((len(people), 3), 1 / 3)]
    for name, anchors in _ANCHORS.items():
        values = np.array([p.phenotypes.get(name, 0.5) for p in people])
        columns.append(_interpolation_weights(values, anchors))
    variations = np.concatenate(columns, axis=1)  # (N, 26)
    mask = body.variation_mask.astype(bool)
    products = np.where(mask, variations[:, None], 1.0).prod(axis=-1)  # (N, P)
    return (products @ body.variation_projection).astype(np.float32)


def nearest_rotations(matrices: np.ndarray) -> np.ndarray:
    """The rotations closest to (..., 3, 3) matrices, by singular values."""
    u, _, vt = np.linalg.svd(matrices)
    flip = np.sign(np.linalg.det(u @ vt))
    u[..., 2] *= flip[..., None]
    return u @ vt


def _interpolation_weights(values: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Hat-function weights (N, len(anchors)) of values clipped to the anchors' range."""
    step = anchors[1] - anchors[0]
    values = np.clip(values, anchors[0], anchors[-1])
    return np.clip(1 - np.abs(values[:, None] - anchors) / step, 0, 1)


def _face_coefficients(body: BodyArrays, people: Sequence[PosedPerson]) -> np.ndarray:
    names = [str(name) for name in body.facial_action_names]
    rows = [[p.facial_actions.get(name, 0.0) for name in names] for p in people]
    return np.array(rows, dtype=np.float32)


def _delta_rotations(body: BodyArrays, people: Sequence[PosedPerson]) -> np.ndarray:
    """Named rotations -> (N, B, 3, 3), identity where absent."""
    index = {str(name): i for i, name in enumerate(body.bone_names)}
    deltas = np.tile(np.eye(3, dtype=np.float32), (len(people), len(index), 1, 1))
    for row, person in zip(deltas, people, strict=True):
        for name, rotation in person.rotations.items():
            row[index[name]] = rotation
    return deltas


def _forward_kinematics(
    body: BodyArrays, rest_rotations: np.ndarray, heads: np.ndarray, deltas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rest-to-posed rotations (N, B, 3, 3) and posed heads (N, B, 3) in the body frame."""
    reference = body.reference_rotations @ rest_rotations.transpose(0, 1, 3, 2)  # A_c
    inner = reference.copy()
    inner[:, 0] = np.eye(3)  # the root's rotation leaves the skeleton in place
    world = deltas.copy()  # G_c, filled from the root outward
    world[:, 0] = np.eye(3)
    joints = heads.copy()
    for bone, parent in enumerate(body.bone_parents):
        if parent < 0:
            continue
        world[:, bone] = world[:, parent] @ deltas[:, bone]
        offset = (inner[:, parent] @ (heads[:, bone] - heads[:, parent])[..., None])[..., 0]
        joints[:, bone] = joints[:, parent] + (world[:, parent] @ offset[..., None])[..., 0]
    return world @ reference, joints
