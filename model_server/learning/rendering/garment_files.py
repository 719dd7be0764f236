# SPDX-License-Identifier: GPL-3.0-or-later
"""MakeHuman's `.mhclo` fitting files and their `.obj` meshes -> arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class GarmentFile:
    """One garment as its author made it, on the `hm08` base mesh.

    G garment vertices, R render corners (a vertex once per texture coordinate), F quads.
    """

    name: str
    base_ids: np.ndarray  # (G, 3) base-mesh vertices each garment vertex hangs on
    base_weights: np.ndarray  # (G, 3) barycentric, may be negative
    offsets_dm: np.ndarray  # (G, 3) MakeHuman axes, before scaling
    scale_ids: np.ndarray  # (3, 2) base vertices whose distance scales each MakeHuman axis
    scale_lengths_dm: np.ndarray  # (3,) that distance on the author's body
    hidden_ids: np.ndarray  # (D,) base vertices the garment hides
    corner_vertices: np.ndarray  # (R,) garment vertex of each render corner
    corner_uvs: np.ndarray  # (R, 2)
    quads: np.ndarray  # (F, 4) into the render corners


def read_garment(path: Path) -> GarmentFile:
    """Parse a `.mhclo` and the `.obj` beside it."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    fits: list[list[float]] = []
    hidden: list[str] = []
    scales: dict[str, list[str]] = {}
    obj_name, section = "", "head"
    for words in (line.split() for line in lines):
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "verts":
            section = "verts"
        elif words[0] == "delete_verts":
            section = "delete"
        elif words[0] == "obj_file":
            obj_name = words[1]
        elif words[0] in ("x_scale", "y_scale", "z_scale"):
            scales[words[0]] = words[1:]
        elif section == "verts" and _is_number(words[0]):
            fits.append(_fit_row(words))
        elif section == "delete":
            hidden += words
    table = np.array(fits)
    corners, uvs, quads = _read_obj(path.with_name(obj_name))
    if corners.max() >= len(table):
        raise ValueError(f"{path.name}: {corners.max() + 1} vertices, {len(table)} fitted")
    order = [scales[axis] for axis in ("x_scale", "y_scale", "z_scale")]
    return GarmentFile(
        name=path.stem,
        base_ids=table[:, :3].astype(np.int32),
        base_weights=table[:, 3:6].astype(np.float32),
        offsets_dm=table[:, 6:].astype(np.float32),
        scale_ids=np.array([[int(a), int(b)] for a, b, _ in order]),
        scale_lengths_dm=np.array([float(length) for *_, length in order], dtype=np.float32),
        hidden_ids=_id_ranges(hidden),
        corner_vertices=corners,
        corner_uvs=uvs,
        quads=quads,
    )


def _is_number(word: str) -> bool:
    return word.lstrip("-").replace(".", "", 1).isdigit()


def _fit_row(words: list[str]) -> list[float]:
    """A fitting line: one exact vertex, or three vertices, three weights and an offset."""
    if len(words) >= 9:
        return [float(word) for word in words[:9]]
    vertex = float(words[0])
    return [vertex, vertex, vertex, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def _id_ranges(words: list[str]) -> np.ndarray:
    """`1 3 - 5 9` -> [1, 3, 4, 5, 9]."""
    ids: list[int] = []
    until = False
    for word in words:
        if word == "-":
            until = True
        elif until:
            ids += range(ids[-1] + 1, int(word) + 1)
            until = False
        else:
            ids.append(int(word))
    return np.array(ids, dtype=np.int32)


def _read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Render corners (R,), their texture coordinates (R, 2) and quads (F, 4); triangles repeat a
    corner."""
    uvs: list[list[float]] = []
    seen: dict[tuple[int, int], int] = {}
    quads = []
    for words in (line.split() for line in path.read_text(errors="replace").splitlines()):
        if words[:1] == ["vt"]:
            uvs.append([float(words[1]), float(words[2])])
        elif words[:1] == ["f"]:
            keys = [[*word.split("/"), "1"][:2] for word in words[1:5]]
            face = [seen.setdefault((int(v) - 1, int(t or 1) - 1), len(seen)) for v, t in keys]
            quads.append(face if len(face) == 4 else [*face, face[2]])
    corners = np.array([vertex for vertex, _ in seen], dtype=np.int32)
    table = np.array(uvs or [[0.0, 0.0]], dtype=np.float32)
    corner_uvs = table[np.minimum([uv for _, uv in seen], len(table) - 1)]
    return corners, corner_uvs, np.array(quads, dtype=np.int32)
