# SPDX-License-Identifier: GPL-3.0-or-later
"""Garments, shoes and hair, loaded once and fitted to any body shape.

Each garment vertex hangs on three base-mesh vertices with barycentric weights and an offset that
scales with the
body. Fitting happens on the shaped rest body; the fitted garment is then skinned with the mixed
weights of the
vertices it hangs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model_server.learning.rendering.body_arrays import BodyArrays
from model_server.learning.rendering.garment_files import GarmentFile, read_garment
from model_server.learning.rendering.mesh import (
    connected_pieces,
    triangles_of_quads,
    vertex_normals,
)

# MakeHuman's x, y (up), z (front) -> body frame x, -z, y.
_BODY_FROM_MAKEHUMAN = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=np.float32)
_MAX_PIECES = 4
_SLOT_FOLDERS = {
    "suit": "clothes",
    "shoes": "clothes",
    "hat": "clothes",
    "hair": "hair",
    "eyelashes": "eyelashes",
}


@dataclass(frozen=True)
class Binding:
    """How R points hang on the base mesh."""

    base_ids: np.ndarray  # (R, 3)
    weights: np.ndarray  # (R, 3) barycentric, may be negative
    offsets: np.ndarray  # (R, 3) along body axes, for a body as long as `scale_lengths`
    scale_ids: np.ndarray  # (3, 2) base vertices that measure the body along each body axis
    scale_lengths: np.ndarray  # (3,) in metres times the unit of the offsets

    @classmethod
    def to_vertices(cls, ids: np.ndarray) -> Binding:
        """Points (R,) that are base-mesh vertices themselves."""
        return cls(
            base_ids=np.stack([ids] * 3, axis=1),
            weights=np.tile(np.array([1, 0, 0], dtype=np.float32), (len(ids), 1)),
            offsets=np.zeros((len(ids), 3), dtype=np.float32),
            scale_ids=np.array([[0, 1]] * 3),
            scale_lengths=np.ones(3, dtype=np.float32),
        )

    def take(self, rows: np.ndarray) -> Binding:
        """The binding of some of the points."""
        return replace(
            self,
            base_ids=self.base_ids[rows],
            weights=self.weights[rows],
            offsets=self.offsets[rows],
        )

    def fit(self, rest_vertices: np.ndarray) -> np.ndarray:
        """Where the points are (R, 3) on a shaped body (V, 3), metres."""
        points = rest_vertices[self.base_ids[:, 0]] * self.weights[:, :1]
        points += rest_vertices[self.base_ids[:, 1]] * self.weights[:, 1:2]
        points += rest_vertices[self.base_ids[:, 2]] * self.weights[:, 2:]
        ends = rest_vertices[self.scale_ids]  # (3 axes, 2, 3)
        lengths = np.abs(ends[:, 0] - ends[:, 1]).diagonal()
        return points + self.offsets * (lengths / self.scale_lengths)


@dataclass(frozen=True)
class Layer:
    """A mesh that is worn, or the skin itself: R render corners, T triangles."""

    name: str
    slot: str  # "skin", "suit", "shoes", "hat", "hair", "eyelashes", "shell"
    binding: Binding
    skin_weights: np.ndarray  # (R, B)
    normals: np.ndarray  # (R, 3) on the template body
    positions: np.ndarray  # (R, 3) on the template body: the coordinates patterns live in
    uvs: np.ndarray  # (R, 2)
    pieces: np.ndarray  # (R,) 0..3: which colours a corner takes; on the skin its kind
    triangles: np.ndarray  # (T, 3)
    hidden_ids: np.ndarray  # base vertices hidden beneath


def load_wardrobe(body: BodyArrays, data_dir: Path) -> Mapping[str, list[Layer]]:
    """All readable garments below `data_dir` by slot."""
    wardrobe: dict[str, list[Layer]] = {slot: [] for slot in _SLOT_FOLDERS}
    for path in sorted(data_dir.glob("*/*/*.mhclo")):
        slot = _slot_of(path)
        if slot in wardrobe:
            wardrobe[slot].append(bind_garment(body, read_garment(path), slot))
    return wardrobe


def bind_garment(body: BodyArrays, garment: GarmentFile, slot: str) -> Layer:
    """Attach a garment file to the base mesh: offsets in metres, mixed skin weights, template
    normals."""
    vertex_quads = garment.corner_vertices[garment.quads]
    axes = np.abs(_BODY_FROM_MAKEHUMAN).argmax(axis=1)  # MakeHuman axis along each body axis
    # Offsets in dm times (metres / reference length in dm) are metres.
    binding = Binding(
        garment.base_ids,
        garment.base_weights,
        garment.offsets_dm @ _BODY_FROM_MAKEHUMAN.T,
        garment.scale_ids[axes],
        garment.scale_lengths_dm[axes],
    )
    positions = binding.fit(body.template_vertices)
    mixed = np.einsum("gk,gkb->gb", garment.base_weights, body.skin_weights[garment.base_ids])
    mixed = np.clip(mixed, 0, None)
    mixed /= mixed.sum(axis=1, keepdims=True)
    pieces = _colour_pieces(connected_pieces(vertex_quads, len(positions)), positions)
    corner = garment.corner_vertices
    return Layer(
        name=garment.name,
        slot=slot,
        binding=binding.take(corner),
        skin_weights=np.ascontiguousarray(mixed[corner], dtype=np.float32),
        normals=vertex_normals(positions, vertex_quads)[corner],
        positions=positions[corner],
        uvs=garment.corner_uvs,
        pieces=pieces[corner],
        triangles=triangles_of_quads(garment.quads),
        hidden_ids=garment.hidden_ids,
    )


def _slot_of(path: Path) -> str:
    folder, name = path.parent.parent.name, path.stem
    if folder != "clothes":
        return folder
    if name.startswith("shoes"):
        return "shoes"
    return "hat" if name.startswith("fedora") else "suit"


def _colour_pieces(labels: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Connected pieces -> 0..3, largest first; the rest shares the last. Left and right twins share
    a colour."""
    unique, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    ranks = np.zeros(len(unique), dtype=np.int32)
    signatures: list[tuple[int, float]] = []
    for piece in np.argsort(-counts):
        height = round(float(positions[inverse == piece, 2].mean()), 2)
        signature = (int(counts[piece]), height)
        if signature not in signatures:
            signatures.append(signature)
        ranks[piece] = min(signatures.index(signature), _MAX_PIECES - 1)
    return ranks[inverse]
