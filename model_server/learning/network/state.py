# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the descent: one vector per person, and the body it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.body.pose_bones import POSE_BONES
from model_server.learning.body.rotations import matrix_from_6d
from model_server.learning.network.evidence import ENDS, Evidence

JOINTS: Final = len(POSE_BONES)
PHENOTYPES: Final = 6
STATE: Final = JOINTS * 6 + PHENOTYPES + 3
LANDMARKS: Final = 33
END_BONES: Final = [POSE_BONES.index(bone) for bone in ENDS]
FACING_RANGE: Final = 0.4  # of the cosine, from looking away to facing the camera


@dataclass(frozen=True)
class Posed:
    """A state, decoded in the virtual camera."""

    rotations: Tensor  # (B, 22, 3, 3); the root's is virtual_from_body
    phenotypes: Tensor  # (B, 6) 0…1
    translation: Tensor  # (B, 3) root head in the virtual camera, metres
    landmarks: Tensor  # (B, L, 3) relative to the root's head, virtual axes, metres
    joints: Tensor  # (B, 22, 3) likewise
    ends: Tensor  # (B, 3, 3, 3) virtual_from_bone of `ENDS`
    points: Tensor  # (B, L, 2) projected, divided by the evidence's extent
    facing: Tensor  # (B, S) how much the skin points among the landmarks face the camera, 0…1


def decode(state: Tensor, evidence: Evidence, body: LandmarkModel) -> Posed:
    """State (B, STATE) → Posed."""
    six, shape, place = state.split([JOINTS * 6, PHENOTYPES, 3], 1)
    rotations = matrix_from_6d(six.unflatten(1, (JOINTS, 6)))
    phenotypes = torch.sigmoid(shape)
    translation = place_in_view(place, evidence.extent)
    landmarks, joints, world = body.pose(phenotypes, rotations)
    placed = landmarks + translation[:, None]
    points = project(placed) / evidence.extent[:, None]
    skin = placed[:, placed.shape[1] - body.skin_points :]
    cosine = -dot(body.normals(world), skin) / dot(skin, skin).sqrt()
    facing = (0.5 + cosine / FACING_RANGE).clamp(0, 1)
    return Posed(
        rotations,
        phenotypes,
        translation,
        landmarks,
        joints,
        world[:, END_BONES],
        points,
        facing,
    )


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Of vectors (..., 3); by components, since sums over few numbers are slow."""
    (ax, ay, az), (bx, by, bz) = a.unbind(-1), b.unbind(-1)
    return ax * bx + ay * by + az * bz


def place_in_view(place: Tensor, extent: Tensor) -> Tensor:
    """Lateral offset in extents and log distance (B, 3) → translation (B, 3) in metres."""
    distance = torch.exp(place[:, 2:].clamp(-2.5, 2.5)) / (3 * extent)
    return torch.cat([place[:, :2] * extent * distance, distance], 1)


def place_of(translation: Tensor, extent: Tensor) -> Tensor:
    """The inverse of `place_in_view` for what is before the camera."""
    distance = translation[:, 2:].clamp(min=0.05)
    return torch.cat(
        [translation[:, :2] / (extent * distance), torch.log(3 * extent * distance)], 1
    )


def project(points: Tensor) -> Tensor:
    """Points (..., 3) in front of a camera → tangents (..., 2)."""
    return points[..., :2] / points[..., 2:].clamp(min=0.05)
