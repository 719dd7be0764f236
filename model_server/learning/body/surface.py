# SPDX-License-Identifier: GPL-3.0-or-later
"""Points spread over the skin of every body part: what semantic alignment projects into part
maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.parts import PART_NAMES

POINTS_PER_PART: Final = 10
_SKIN: Final = 0  # face material
_AVERAGE: Final = (0.5, 0.7, 0.5, 0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Surface:
    """Points of the skin, part by part in the order of `PART_NAMES`, `POINTS_PER_PART` each."""

    vertices: Tensor  # (S,) indices
    normals: Tensor  # (S, 3) unit, outwards, of an average body in the reference pose


@torch.no_grad()
def surface_of(body: BodyModel) -> Surface:
    """Well-spread points of each part (farthest point sampling)."""
    identity = torch.eye(3).expand(1, len(body.bone_names), 3, 3)
    vertices = body(torch.tensor([_AVERAGE]), identity)[0][0]
    normals = vertex_normals(vertices, body.faces)
    skin = torch.zeros(len(vertices), dtype=torch.bool)
    skin[body.faces[body.face_materials == _SKIN].flatten()] = True
    chosen = []
    for part in range(len(PART_NAMES)):
        candidates = ((body.vertex_parts == part) & skin).nonzero().squeeze(1)
        chosen.append(candidates[spread_out(vertices[candidates], POINTS_PER_PART)])
    indices = torch.cat(chosen)
    return Surface(indices, normals[indices])


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Unit normals (V, 3) of vertices (V, 3), from quads (F, 4), counter-clockwise from outside."""
    corners = vertices[faces]
    across = torch.linalg.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normals = torch.zeros_like(vertices)
    for corner in range(4):
        normals.index_add_(0, faces[:, corner], across)
    return normalize(normals, dim=1)


def spread_out(points: Tensor, count: int) -> Tensor:
    """Indices (count,) of points (N, 3), each the farthest from all chosen before it."""
    chosen = [int((points - points.mean(0)).norm(dim=1).argmax())]
    distance = (points - points[chosen[0]]).norm(dim=1)
    while len(chosen) < count:
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (points - points[chosen[-1]]).norm(dim=1))
    return torch.tensor(chosen)
