# SPDX-License-Identifier: GPL-3.0-or-later
"""How tall phenotypes are and where their landmarks stand, without a mesh and without a network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from model_server.bones import Array, BodyBones
from model_server.figure import Carriers, Figure
from model_server.fusion import Rotations
from model_server.landmark_names import COCO_JOINTS, POSE_LANDMARKS, indices

_WEIGHT_UNIT: Final = 65535
_BONES: Final = 256  # at most: the asset numbers them by bytes
_AVERAGE: Final = 0.42  # height at which adults are 1.67 and 1.81 m
_USUAL: Final = (0.25, 0.62)  # heights, adults of 1.50 and 1.64 m to 1.83 and 2.06 m
_AGES: Final = np.linspace(0, 2 / 3, 3)  # statures grow between these, linearly in between


class Physique:
    """What the asset says of landmarks and statures, for any shape."""

    def __init__(self, asset: Path, bones: BodyBones) -> None:
        self._bones = bones
        with np.load(asset, allow_pickle=False) as arrays:
            names: list[str] = json.loads(str(arrays["meta"]))["landmark_names"]
            rows = list(indices(names, [*POSE_LANDMARKS, *(f"coco:{j}" for j in COCO_JOINTS)]))
            template: Array = arrays["template_vertices"].astype(np.float64)
            ends = [template[:, 2].argmin(), template[:, 2].argmax()]  # a sole and the crown
            at = arrays["landmark_vertices"][rows]
            used, where = np.unique([*ends, *at.ravel()], return_inverse=True)
            template = template[used]
            shapes: Array = (
                arrays["shape_vertices"][:, used] * arrays["shape_vertices_step"][:, None, None]
            )
            bone_of = arrays["weight_bones"][used].astype(np.intp)
            skin = arrays["weights"][used] / _WEIGHT_UNIT
            regressor = arrays["landmark_weights"][rows]
        (sole, crown), vertex_of = where[:2], where[2:].reshape(at.shape)  # (L, N)
        self._reach = float(template[crown, 2] - template[sole, 2])
        self._reaches = shapes[:, crown, 2] - shapes[:, sole, 2]
        shares = regressor[..., None] * skin[vertex_of]
        pair_of = np.arange(len(rows))[:, None, None] * _BONES + bone_of[vertex_of]
        pairs, pair_of = np.unique(pair_of, return_inverse=True)
        sums = np.zeros((len(pairs), len(used)))
        np.add.at(sums, (pair_of.reshape(shares.shape), vertex_of[..., None]), shares)
        self._carriers = Carriers(*np.divmod(pairs, _BONES), sums.sum(axis=1))
        self._pair_points = sums @ template
        self._pair_shapes = sums @ shapes  # (K, P, 3)

    def stature(self, phenotypes: Mapping[str, float]) -> float:
        """Metres from the soles to the crown."""
        return float(self._reach + self._bones.coefficients(phenotypes) @ self._reaches)

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
        """The landmarks of one shape, to be posed."""
        coefficients = self._bones.coefficients(phenotypes)
        rest_points = self._pair_points + np.tensordot(coefficients, self._pair_shapes, 1)
        return Figure(self._bones.reference(phenotypes), self._carriers, rest_points)

    def landmarks(
        self, phenotypes: Mapping[str, float], rotations: Rotations, root: Array
    ) -> tuple[Array, Array]:
        """The detector's landmarks (33, 3) and COCO joints (17, 3) of a posed body, relative to the
        root's head, metres; `root` (3, 3) turns the body into the axes wanted.
        """
        posed = self.figure(phenotypes).posed(rotations)
        return posed.landmarks @ root.T, posed.joints @ root.T
