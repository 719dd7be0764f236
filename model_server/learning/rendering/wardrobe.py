# SPDX-License-Identifier: GPL-3.0-or-later
"""Garments, shoes and hair, loaded once and fitted to any body shape.

Each garment vertex hangs on three base-mesh vertices with barycentric weights and an offset that scales with the
body. Fitting happens on the shaped rest body; the fitted garment is then skinned with the mixed weights of the
vertices it hangs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_server.learning.rendering.body_arrays import BodyArrays
from model_server.learning.rendering.garment_files import GarmentFile, read_garment
from model_server.learning.rendering.mesh import connected_pieces, triangles_of_quads, vertex_normals

# MakeHuman's x, y (up), z (front) -> body frame x, -z, y.
_BODY_FROM_MAKEHUMAN = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=np.float32)
_MAX_PIECES = 4
_SLOT_FOLDERS = {"suit": "clothes", "shoes": "clothes", "hat": "clothes", "hair": "hair", "eyelashes": "eyelashes"}


@dataclass(frozen=True)
class Layer:
    """A mesh that is worn: R render corners bound to the V base-mesh vertices, T triangles."""

    name: str
    slot: str  # "skin", "suit", "shoes", "hat", "hair", "eyelashes", "shell", "skirt"
    base_ids: np.ndarray  # (R, 3)
    base_weights: np.ndarray  # (R, 3)
    offsets: np.ndarray  # (R, 3) body axes, for unit scale
    scale_ids: np.ndarray  # (3, 2) base vertices measuring the body along each body axis
    scale_lengths_m: np.ndarray  # (3,)
    skin_weights: np.ndarray  # (R, B)
    normals: np.ndarray  # (R, 3) on the template body
    positions: np.ndarray  # (R, 3) on the template body: the coordinates patterns live in
    uvs: np.ndarray  # (R, 2)
    pieces: np.ndarray  # (R,) 0..3: which colours a corner takes; for skin its kind
    triangles: np.ndarray  # (T, 3)
    hidden_ids: np.ndarray  # base vertices hidden beneath

    def fit(self, rest_vertices: np.ndarray) -> np.ndarray:
        """Rest positions (R, 3) on a shaped body (V, 3), metres."""
        return fit_points(self, rest_vertices)


def fit_points(layer, rest_vertices: np.ndarray) -> np.ndarray:
    """Barycentric points plus offsets scaled by the body's size: (V, 3) -> (R, 3)."""
    ids, weights = layer.base_ids, layer.base_weights
    points = rest_vertices[ids[:, 0]] * weights[:, :1]
    points += rest_vertices[ids[:, 1]] * weights[:, 1:2]
    points += rest_vertices[ids[:, 2]] * weights[:, 2:]
    ends = rest_vertices[layer.scale_ids]  # (3 axes, 2, 3)
    lengths = np.abs(ends[:, 0] - ends[:, 1]).diagonal()
    return points + layer.offsets * (lengths / layer.scale_lengths_m)


def load_wardrobe(body: BodyArrays, data_dir: Path) -> Mapping[str, list[Layer]]:
    """All readable garments below `data_dir` by slot."""
    wardrobe: dict[str, list[Layer]] = {slot: [] for slot in _SLOT_FOLDERS}
    for path in sorted(data_dir.glob("*/*/*.mhclo")):
        slot = _slot_of(path)
        if slot in wardrobe:
            wardrobe[slot].append(bind_garment(body, read_garment(path), slot))
    return wardrobe


def bind_garment(body: BodyArrays, garment: GarmentFile, slot: str) -> Layer:
    """Attach a garment file to the base mesh: offsets in metres, mixed skin weights, template normals."""
    vertex_quads = garment.corner_vertices[garment.quads]
    to_body = _BODY_FROM_MAKEHUMAN
    axes = np.abs(to_body).argmax(axis=1)  # MakeHuman axis seen along each body axis
    vertex_layer = _Fit(
        garment.base_ids,
        garment.base_weights,
        garment.offsets_dm @ to_body.T,
        garment.scale_ids[axes],
        garment.scale_lengths_dm[axes],
    )
    # A scale of 1 means: the body measures `scale_lengths` decimetres; lengths in metres / that gives metres per dm.
    positions = fit_points(vertex_layer, body.template_vertices)
    mixed = np.einsum("gk,gkb->gb", garment.base_weights, body.skin_weights[garment.base_ids])
    mixed = np.clip(mixed, 0, None)
    mixed /= mixed.sum(axis=1, keepdims=True)
    pieces = _colour_pieces(connected_pieces(vertex_quads, len(positions)), positions)
    corner = garment.corner_vertices
    return Layer(
        name=garment.name,
        slot=slot,
        base_ids=garment.base_ids[corner],
        base_weights=garment.base_weights[corner],
        offsets=vertex_layer.offsets[corner],
        scale_ids=vertex_layer.scale_ids,
        scale_lengths_m=vertex_layer.scale_lengths_m,
        skin_weights=np.ascontiguousarray(mixed[corner], dtype=np.float32),
        normals=vertex_normals(positions, vertex_quads)[corner],
        positions=positions[corner],
        uvs=garment.corner_uvs,
        pieces=pieces[corner],
        triangles=triangles_of_quads(garment.quads),
        hidden_ids=garment.hidden_ids,
    )


@dataclass(frozen=True)
class _Fit:
    base_ids: np.ndarray
    base_weights: np.ndarray
    offsets: np.ndarray
    scale_ids: np.ndarray
    scale_lengths_m: np.ndarray


def _slot_of(path: Path) -> str:
    folder, name = path.parent.parent.name, path.stem
    if folder != "clothes":
        return folder
    if name.startswith("shoes"):
        return "shoes"
    return "hat" if name.startswith("fedora") else "suit"


def _colour_pieces(labels: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Connected pieces -> 0..3, largest first; the rest shares the last. Left and right twins share a colour."""
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
