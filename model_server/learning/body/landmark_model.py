# SPDX-License-Identifier: GPL-3.0-or-later
"""The small body inside the descent: landmarks as a function of shape and pose, without vertices.

A landmark is a weighted sum of skinned vertices, so in the pose bones' frames it is a sum of one
point per bone that moves it: `landmark = sum_s G_s point_s + weight_s head_s`. The points and the
offsets between pose bones depend on the shape alone, and almost linearly on the coefficients of
the shape basis; that linear map is fitted here once, from the full body (about 1 mm, see tests),
and reduced to the few directions that move landmarks. Points of the skin can ride along, for
semantic alignment.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from model_server.learning.body.body_model import BodyModel
from model_server.learning.body.pose_bones import POSE_BONES, POSE_PARENTS
from model_server.learning.body.surface import Surface, surface_of

SHAPE_DIRECTIONS: Final = 60
FIT_SHAPES: Final = 3000
PARENTS: Final = tuple(
    POSE_BONES.index(POSE_PARENTS[name]) if name in POSE_PARENTS else -1 for name in POSE_BONES
)
LEAST_WEIGHT: Final = 2e-3


class LandmarkModel(nn.Module):
    """Landmarks of `BodyModel.landmark_names` for poses of `POSE_BONES`, then points of the skin,
    if wanted; exports to ONNX.
    """

    def __init__(self, body: BodyModel, surface: Surface | None = None) -> None:
        super().__init__()
        skin = torch.zeros(0, dtype=torch.int64) if surface is None else surface.vertices
        self.skin_points = len(skin)
        self.names = [*body.landmark_names, *(f"skin:{i}" for i in range(len(skin)))]
        self.levels, self.original_order = _levels(list(PARENTS))
        self.phenotypes = body.phenotypes
        segment = _segments(body)
        points = torch.cat([body.landmark_regressor, torch.eye(len(body.template))[skin]])
        pair_weight = _pair_weights(body, segment, points)
        landmark, self_segment = (pair_weight.abs() > LEAST_WEIGHT).nonzero(as_tuple=True)
        self.register_buffer("pair_segment", self_segment, persistent=False)
        weights = pair_weight[landmark, self_segment]
        self.register_buffer("pair_weight", weights, persistent=False)
        self.register_buffer(
            "pair_carrier", torch.eye(len(PARENTS))[self_segment], persistent=False
        )
        gather = torch.zeros(len(self.names), len(landmark))
        gather[landmark, torch.arange(len(landmark))] = 1
        self.register_buffer("gather", gather, persistent=False)
        self._fit(body, points, segment, landmark, self_segment)
        carriers = [int(self.carrier(name)) for name in self.names[len(body.landmark_names) :]]
        normals = torch.zeros(0, 3) if surface is None else surface.normals
        self.register_buffer("skin_carrier", torch.eye(len(PARENTS))[carriers], persistent=False)
        self.register_buffer("skin_normals", normals, persistent=False)

    @torch.no_grad()
    def _fit(
        self,
        body: BodyModel,
        regressor: Tensor,
        segment: Tensor,
        landmark: Tensor,
        pair_segment: Tensor,
    ) -> None:
        generator = torch.Generator().manual_seed(0)
        phenotypes = torch.rand(FIT_SHAPES, 6, generator=generator)
        phenotypes[: FIT_SHAPES // 4] = (phenotypes[: FIT_SHAPES // 4] > 0.5).float()
        pieces = [
            _geometry(body, regressor, part, segment, landmark, pair_segment)
            for part in phenotypes.split(200)
        ]
        geometry = torch.cat(pieces).double()  # (S, (J + P) * 3)
        coefficients = body.phenotypes(phenotypes).double()
        inputs = torch.cat([coefficients, torch.ones(FIT_SHAPES, 1).double()], 1)
        ridge = 1e-10 * FIT_SHAPES * torch.eye(inputs.shape[1]).double()
        solution = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ geometry)
        mean = coefficients.mean(0)
        _, _, vt = torch.linalg.svd((coefficients - mean) @ solution[:-1], full_matrices=False)
        basis = vt[:SHAPE_DIRECTIONS]
        directions = solution[:-1] @ basis.T  # (K, D)
        self.register_buffer(
            "template", (mean @ solution[:-1] + solution[-1]).float(), persistent=False
        )
        table = (body.phenotypes.table.double() - mean) @ directions  # corner weights sum to 1
        self.register_buffer("shape_table", table.float(), persistent=False)
        self.register_buffer("basis", basis.float(), persistent=False)

    def forward(self, phenotypes: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """Phenotypes (B, 6), rotations (B, 22, 3, 3) → landmarks (B, L, 3) and joints (B, 22, 3).

        The root's rotation (cam_from_body) is applied as well; the root's head is the origin;
        metres.
        """
        landmarks, heads, _ = self.pose(phenotypes, rotations)
        return landmarks, heads

    def pose(self, phenotypes: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `forward`, and the bones' world rotations (B, 22, 3, 3)."""
        shape = self.phenotypes.grid(phenotypes) @ self.shape_table
        geometry = (self.template + shape @ self.basis).unflatten(1, (-1, 3))
        offsets, points = geometry[:, : len(POSE_BONES)], geometry[:, len(POSE_BONES) :]
        world, heads = self.chain(offsets, rotations)
        moved = turned(carried(world, self.pair_carrier), points)
        moved = moved + self.pair_weight[:, None] * carried(heads, self.pair_carrier)
        return carried(moved, self.gather), heads, world

    def normals(self, world: Tensor) -> Tensor:
        """Unit normals (B, S, 3) of the skin points, from the bones' world rotations."""
        return turned(carried(world, self.skin_carrier), self.skin_normals)

    def world(self, rotations: Tensor) -> Tensor:
        """World rotations (B, 22, 3, 3) of the pose bones away from the reference pose."""
        return self.chain(torch.zeros_like(rotations[..., 0]), rotations)[0]

    def carrier(self, name: str) -> Tensor:
        """Index () of the pose bone that carries most of a landmark."""
        row = self.gather[self.names.index(name)] * self.pair_weight
        return self.pair_segment[row.argmax()]

    def chain(self, offsets: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """World rotations (B, 22, 3, 3) and heads (B, 22, 3) from offsets between pose bones."""
        world, heads = rotations[:, :1], offsets[:, :1]
        for bones, parents in self.levels:  # places of the parents among the bones done so far
            moved = (world[:, parents] @ offsets[:, bones, :, None]).squeeze(-1)
            heads = torch.cat([heads, heads[:, parents] + moved], 1)
            world = torch.cat([world, world[:, parents] @ rotations[:, bones]], 1)
        return world[:, self.original_order], heads[:, self.original_order]


def carried(values: Tensor, weights: Tensor) -> Tensor:
    """Sums (B, K, ...) of values (B, N, ...) by weights (K, N), as one product of matrices: many
    times as fast as picking rows, whose gradients would be added up one by one.
    """
    sums = linear(values.flatten(2).transpose(1, 2).contiguous(), weights)
    return sums.transpose(1, 2).unflatten(2, values.shape[2:])


def turned(rotations: Tensor, points: Tensor) -> Tensor:
    """Rotations (..., 3, 3) times points (..., 3), without a call for each of them."""
    x, y, z = points[..., None].unbind(-2)
    return rotations[..., 0] * x + rotations[..., 1] * y + rotations[..., 2] * z


def body_with_skin(body: BodyModel) -> LandmarkModel:
    """The body that the descent poses: landmarks, and skin points for semantic alignment."""
    return LandmarkModel(body, surface_of(body))


def _levels(parents: list[int]) -> tuple[list[tuple[list[int], list[int]]], list[int]]:
    """Bones by depth below the root, each with the place of its parent in the order they are
    done in, and the place of every bone in that order.
    """
    levels, order = [], [0]
    while len(order) < len(parents):
        bones = [i for i, parent in enumerate(parents) if parent in order and i not in order]
        levels.append((bones, [order.index(parents[bone]) for bone in bones]))
        order += bones
    return levels, [order.index(bone) for bone in range(len(parents))]


def _segments(body: BodyModel) -> Tensor:
    """Index (N,) of the pose bone that carries each bone."""
    segments: list[int] = []
    for name, parent in zip(body.bone_names, body.bone_parents, strict=True):
        segments.append(POSE_BONES.index(name) if name in POSE_BONES else segments[parent])
    return torch.tensor(segments)


def _pair_weights(body: BodyModel, segment: Tensor, regressor: Tensor) -> Tensor:
    """How much of each landmark (L, J) hangs on each pose bone; regressor (L, V)."""
    per_bone = regressor @ body.weights
    weights = torch.zeros(len(per_bone), len(POSE_BONES))
    return weights.index_add_(1, segment, per_bone)


def _geometry(
    body: BodyModel,
    regressor: Tensor,
    phenotypes: Tensor,
    segment: Tensor,
    landmark: Tensor,
    pair_segment: Tensor,
) -> Tensor:
    """Offsets between pose bones and pair points in the reference pose, (B, (J + P) * 3); the
    root's head is 0.
    """
    vertices, heads, align = body.rest(phenotypes)
    identity = torch.eye(3).expand(len(phenotypes), len(body.bone_names), 3, 3)
    _, posed_heads = body.chain(heads, align, identity)
    origin = posed_heads[:, [body.bone_names.index(name) for name in POSE_BONES]]
    offsets = origin - origin[:, [max(parent, 0) for parent in PARENTS]]
    points = []
    for row, bone in zip(landmark.tolist(), pair_segment.tolist(), strict=True):
        carriers = regressor[row].nonzero().squeeze(1)
        bones = (segment == bone).nonzero().squeeze(1)
        local = (
            align[:, None, bones] @ (vertices[:, carriers, None] - heads[:, None, bones])[..., None]
        )
        local = local.squeeze(-1) + (posed_heads[:, bones] - origin[:, bone, None])[:, None]
        weight = regressor[row, carriers, None] * body.weights[carriers][:, bones]
        points.append(torch.einsum("vn,bvni->bi", weight, local))
    return torch.cat([offsets, torch.stack(points, 1)], 1).flatten(1)
