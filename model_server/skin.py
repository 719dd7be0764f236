# SPDX-License-Identifier: GPL-3.0-or-later
"""Points spread over the skin of the body asset, by which bodies are held against outlines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array

_POINTS: Final = 1000
_SEED: Final = 0
_SKIN: Final = 0  # face material


@dataclass(frozen=True)
class Skin:
    """S vertices, about as many as there is skin."""

    vertices: NDArray[np.intp]  # (S,)
    bones: NDArray[np.intp]  # (S,) what moves each most
    normals: Array  # (S, 3) unit, outwards, of an average body at rest


def skin_of(asset: Mapping[str, NDArray[Any]]) -> Skin:
    template = asset["template_vertices"].astype(np.float64)
    faces = asset["faces"][asset["face_materials"] == _SKIN].astype(np.intp)
    corners = template[faces]  # (F, 4, 3)
    across = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    normals, areas = np.zeros_like(template), np.zeros(len(template))
    for column in faces.T:
        np.add.at(normals, column, across)
        np.add.at(areas, column, np.linalg.norm(across, axis=1))
    count = min(_POINTS, int((areas > 0).sum()))
    draw = np.random.default_rng(_SEED).choice
    vertices = np.sort(draw(len(template), count, replace=False, p=areas / areas.sum()))
    strongest = asset["weights"][vertices].argmax(axis=1)
    lengths = np.linalg.norm(normals[vertices], axis=1, keepdims=True)
    return Skin(
        vertices.astype(np.intp),
        asset["weight_bones"][vertices, strongest].astype(np.intp),
        normals[vertices] / np.maximum(lengths, 1e-12),
    )
