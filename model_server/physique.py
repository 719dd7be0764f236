# SPDX-License-Identifier: GPL-3.0-or-later
"""How tall phenotypes are and where their landmarks stand, without a mesh and without a network."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.bones import Array, BodyBones
from model_server.figure import Carriers, Figure
from model_server.fusion import Rotations
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS, indices
from model_server.skin import skin_of

_ARRAYS: Final = (
    "meta",
    "template_vertices",
    "shape_vertices",
    "shape_vertices_step",
    "weight_bones",
    "weights",
    "landmark_vertices",
    "landmark_weights",
    "faces",
    "face_materials",
)
_WEIGHT_UNIT: Final = 65535
_BONES: Final = 256  # at most: the asset numbers them by bytes
_AVERAGE: Final = 0.42  # height at which adults are 1.67 and 1.81 m
_USUAL: Final = (0.25, 0.62)  # heights, adults of 1.50 and 1.64 m to 1.83 and 2.06 m
_AGES: Final = np.linspace(0, 2 / 3, 3)  # statures grow between these, linearly in between


class _Points:
    """Points that are weighted sums of vertices (L, N), as sums of what each bone carries of them,
    for any shape.
    """

    def __init__(
        self, asset: Mapping[str, NDArray[Any]], vertices: NDArray[np.intp], weights: Array
    ) -> None:
        skin = asset["weights"][vertices] / _WEIGHT_UNIT  # (L, N, W)
        shares = weights[..., None] * skin
        point, column, _ = there = np.nonzero(shares)
        pairs = point * _BONES + asset["weight_bones"][vertices][there]
        order = np.argsort(pairs, kind="stable")
        pairs, starts = np.unique(pairs[order], return_index=True)
        share, vertex = shares[there][order], vertices[point, column][order]
        points, bones = np.divmod(pairs.astype(np.intp), _BONES)
        self.carriers = Carriers(points, bones, np.add.reduceat(share, starts))
        moved = share[:, None] * asset["template_vertices"][vertex].astype(np.float64)
        self._template = np.add.reduceat(moved, starts)  # (P, 3)
        steps = asset["shape_vertices_step"][:, None, None].astype(np.float64)
        moved = share[:, None] * (asset["shape_vertices"][:, vertex] * steps)
        self._shapes = np.add.reduceat(moved, starts, axis=1)  # (K, P, 3)

    def parts(self, coefficients: Sequence[Array]) -> Array:
        """What bones carry (N, P, 3) of bodies of N shapes (K,) at rest."""
        return self._template + np.tensordot(np.stack(coefficients), self._shapes, 1)


class Physique:
    """What the asset says of landmarks, skin and statures, for any shape."""

    def __init__(self, asset: Path, bones: BodyBones) -> None:
        self.bones = bones
        with np.load(asset, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
        names: list[str] = json.loads(str(arrays["meta"]))["landmark_names"]
        rows = list(indices(names, [*POSE_LANDMARKS, *(f"coco:{j}" for j in COCO_JOINTS)]))
        vertices = arrays["landmark_vertices"][rows].astype(np.intp)
        self._landmarks = _Points(arrays, vertices, arrays["landmark_weights"][rows])
        self.skin = skin_of(arrays)
        one = np.ones((len(self.skin.vertices), 1))
        self._skin = _Points(arrays, self.skin.vertices[:, None], one)
        heights = arrays["template_vertices"][:, 2].astype(np.float64)
        sole, crown = heights.argmin(), heights.argmax()
        self._reach = float(heights[crown] - heights[sole])
        grown = arrays["shape_vertices"][:, [sole, crown], 2].astype(np.float64)
        self._reaches = (grown[:, 1] - grown[:, 0]) * arrays["shape_vertices_step"]

    def stature(self, phenotypes: Mapping[str, float]) -> float:
        """Metres from the soles to the crown."""
        return float(self._reach + self.bones.coefficients(phenotypes) @ self._reaches)

    def with_stature(self, phenotypes: Mapping[str, float], stature: float) -> dict[str, float]:
        """The same person as tall as wanted: taller or shorter where people of that age are, else
        older or younger and of average height.
        """
        height = self._height(phenotypes, stature)
        if _USUAL[0] <= height <= _USUAL[1]:
            return {**phenotypes, "height": height}
        average = {**phenotypes, "height": _AVERAGE}
        grown = [self.stature({**average, "age": age}) for age in _AGES]
        if stature < grown[-1]:
            return {**average, "age": float(np.interp(stature, grown, _AGES))}
        adult = {**phenotypes, "age": max(phenotypes["age"], float(_AGES[-1]))}
        return {**adult, "height": float(np.clip(self._height(adult, stature), 0, 1))}

    def _height(self, phenotypes: Mapping[str, float], stature: float) -> float:
        """The phenotype that makes the rest as tall as wanted; statures are linear in it."""
        small, tall = (self.stature({**phenotypes, "height": height}) for height in (0, 1))
        return (stature - small) / (tall - small)

    def figure(self, phenotypes: Mapping[str, float]) -> Figure:
        """The points of one shape, to be posed."""
        (parts,) = self._landmarks.parts([self.bones.coefficients(phenotypes)])
        return Figure(self.bones.reference(phenotypes), self._landmarks.carriers, parts)

    def skin_parts(self, shapes: Sequence[Mapping[str, float]]) -> Array:
        """What bones carry of the skin's points (N, P, 3), of bodies of N shapes at rest."""
        return self._skin.parts([self.bones.coefficients(shape) for shape in shapes])

    @property
    def skin_carriers(self) -> Carriers:
        return self._skin.carriers

    def landmarks(
        self, phenotypes: Mapping[str, float], rotations: Rotations, root: Array
    ) -> tuple[Array, Array]:
        """The detector's landmarks (33, 3) and COCO joints (17, 3) of a posed body, relative to the
        root's head, metres; `root` (3, 3) turns the body into the axes wanted.
        """
        posed = self.figure(phenotypes).posed(rotations)
        return posed.landmarks @ root.T, posed.joints @ root.T
