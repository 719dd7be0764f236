# SPDX-License-Identifier: GPL-3.0-or-later
"""People of one photo stand on one floor before one camera, which tells how large they are.

Nobody's size can be told from their own pixels: scaling a person about the camera's centre changes
none of them. But it moves their feet along the rays to the camera, off the floor of the others.
So the floor is what explains all at once: uprights that are its normal, feet that are on it, and
statures near those that were estimated, each as far as it can be believed. Whoever contradicts it
by far stands on something else, or nowhere, and stays as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model_server.arrays import FloatArray, with_row
from model_server.bones import Array
from model_server.landmark_names import HIPS, POSE_LANDMARKS, indices
from model_server.physique import Physique
from model_server.placing import placed
from model_server.session import DescentConfig, Evidence, Posed
from model_server.turns import unit

# Standard deviations; those of statures are relative. Between children and adults least is certain.
_STATURE: Final = 0.06
_IN_DOUBT: Final = 0.09  # more, around a doubtful stature
_DOUBTFUL_M: Final = (1.42, 0.2)  # the middle of these, and how far they reach
_GROUND_M: Final = 0.08  # that feet are above or below the floor
_POSE: Final = 0.03  # of the camera's height, what legs come out too long or short
UPRIGHT: Final = np.radians(8)
_CAMERA_M: Final = 1.5  # above the floor
_CAMERA: Final = 0.5  # of the logarithm

_FAR: Final = 3.0  # deviations: feet count less from here, and nobody is corrected by more
_LEANING: Final = 1.5  # deviations: uprights count less from here
_ROUNDS: Final = 12
_LONGEST_STEP: Final = 0.3
_LEAST: Final = 0.04  # smaller corrections are not worth making
_TALLEST_M: Final = 2.05  # nobody becomes taller

_SEEN: Final = 0.5  # visibility
_ERECT: Final = 0.7  # cosine between trunk and upright
_LOWER_M: Final = 0.1  # whoever stands has nothing farther below the feet
_SHOULDERS: Final = list(indices(POSE_LANDMARKS, ["left_shoulder", "right_shoulder"]))
_ANKLES: Final = list(indices(POSE_LANDMARKS, ["left_ankle", "right_ankle"]))
_SOLES: Final = list(
    indices(POSE_LANDMARKS, ["left_heel", "right_heel", "left_foot_index", "right_foot_index"])
)


@dataclass(frozen=True)
class SharedFloor:
    """Makes people larger or smaller so that they stand on one floor."""

    config: DescentConfig
    physique: Physique

    def joined(self, posed: Posed, evidence: Evidence, rows: Sequence[int]) -> Posed:
        """`posed` with the people of `rows`, a look at each, changed where the others support it.
        Nobody's pose changes, nor where they are in the picture.
        """
        points, seen = posed.landmarks_cam[rows].astype(np.float64), evidence.visibility[rows]
        downs = downs_of(points, posed.root[rows])
        on_feet, feet = standing(points, seen, downs)
        if len(on_feet) < 2:
            return posed
        rows = [rows[i] for i in on_feet]
        shapes = [self._phenotypes(posed, row) for row in rows]
        statures = np.array([self.physique.stature(shape) for shape in shapes])
        factors = size_factors(feet, downs[on_feet], statures)
        changed = [row for row, factor in zip(rows, factors, strict=True) if factor != 1]
        for row, shape, stature, factor in zip(rows, shapes, statures, factors, strict=True):
            if factor != 1:
                grown = self.physique.with_stature(shape, stature * factor)
                posed = self._with_shape(posed, row, grown, factor)
        return placed(posed, evidence, changed)

    def _phenotypes(self, posed: Posed, row: int) -> dict[str, float]:
        values = np.clip(posed.phenotypes[row], 0, 1).tolist()
        return dict(zip(self.config.phenotypes, values, strict=True))

    def _with_shape(self, posed: Posed, row: int, shape: dict[str, float], factor: float) -> Posed:
        """The person of a row with other phenotypes, `factor` times as far away."""
        turns = posed.rotations[row].astype(np.float64)
        rotations = dict(zip(self.config.pose_bones, turns, strict=True))
        landmarks, joints = self.physique.landmarks(shape, rotations, posed.root[row])
        place = posed.translation[row] * factor
        return with_row(
            posed,
            row,
            translation=place,
            phenotypes=np.array(list(shape.values())),
            landmarks_cam=landmarks + place,
            keypoints_cam=joints + place,
        )


def downs_of(points: Array, roots: Array | FloatArray) -> Array:
    """Unit vectors (N, 3) from head to foot as people hold themselves: trunk, legs and pelvis, by
    landmarks (N, 33, 3) and roots (N, 3, 3), camera frame.
    """
    shoulders, hips = points[:, _SHOULDERS].mean(axis=1), points[:, HIPS].mean(axis=1)
    ankles = points[:, _ANKLES].mean(axis=1)
    return unit(unit(hips - shoulders) + unit(ankles - shoulders) - roots[:, :, 2])


def standing(points: Array, seen: FloatArray, downs: Array) -> tuple[list[int], Array]:
    """Who of N people bears on feet that are seen, (M,), and the lowest points of these (M, 3)."""
    # The upright that most share; in doubt whoever is most upright in the picture.
    down = downs[np.argmax((downs @ downs.T > _ERECT).sum(axis=1) + 0.4 * downs[:, 1])]
    depths = points @ down
    lowest = np.array(_SOLES)[depths[:, _SOLES].argmax(axis=1)]
    each = np.arange(len(points))
    trunks = unit(points[:, HIPS].mean(axis=1) - points[:, _SHOULDERS].mean(axis=1))
    erect = (trunks @ down > _ERECT) & (downs @ down > _ERECT)
    bears = depths.max(axis=1) - depths[each, lowest] < _LOWER_M
    who = np.flatnonzero((seen[each, lowest] > _SEEN) & erect & bears)
    return who.tolist(), points[who, lowest[who]]


def size_factors(feet: Array, downs: Array, statures: Array) -> Array:
    """How many times as large (N,) people are as estimated, 1 where nothing is known better, by
    lowest points (N, 3) and uprights (N, 3) in the camera frame and statures (N,), metres.
    """
    doubt = np.exp(-np.square((statures - _DOUBTFUL_M[0]) / _DOUBTFUL_M[1]))
    stature_spread = _STATURE + _IN_DOUBT * doubt
    ground = _GROUND_M / np.maximum(feet @ unit(downs.sum(axis=0)), 0.2)
    spread = np.sqrt(stature_spread**2 + _POSE**2 + ground**2)
    misses = likeliest_floor(feet, downs, spread).misses
    # Of a miss the feet take their share, the rest is the stature's.
    logs = misses * np.square(stature_spread / spread)
    wanted = (np.abs(misses) < _FAR * spread) & (np.abs(logs) > _LEAST)
    possible = (logs < 0) | (statures * np.exp(logs) < _TALLEST_M)
    return np.where(wanted & possible, np.exp(logs), 1.0)


@dataclass(frozen=True)
class Floor:
    """A plane below the camera."""

    normal: Array  # (3,) unit, down, camera frame
    below: float  # metres
    misses: Array  # (N,) logarithms of how many times as far away feet would be that stand on it


def likeliest_floor(feet: Array, downs: Array, spread: Array, upright: float = UPRIGHT) -> Floor:
    """The floor that N feet (N, 3) of uprights (N, 3) stand on, feet known up to `spread` (N,), a
    part of their distance, uprights up to `upright`, radians.

    A floor is two tilts and the logarithm of a height, found by robust Gauss-Newton steps. Each
    person in turn is believed first, since the likeliest floor need not be the nearest one.
    """
    normal = unit(downs.sum(axis=0))
    right = unit(np.cross(normal, [1.0, 0, 0]))
    across = np.stack([right, np.cross(normal, right)])
    leans = downs @ across.T / np.maximum(downs @ normal, 0.2)[:, None]
    floors = np.zeros((len(feet), 3))  # one per start
    floors[:, 2] = np.log(np.maximum(feet @ normal, 0.2))
    best, floor = np.zeros(len(feet)), floors[0]
    for _ in range(_ROUNDS):
        heights = np.maximum((normal + floors[:, :2] @ across) @ feet.T, 0.1)  # (starts, N)
        misses = floors[:, 2:] - np.log(heights)
        slopes = np.concatenate(
            [-(feet @ across.T) / heights[..., None], np.ones((*heights.shape, 1))], axis=2
        )
        off_normal = (floors[:, None, :2] - leans) / upright
        off_floor = np.square(misses / spread) / _FAR**2
        leaning = np.square(off_normal).sum(axis=2) / _LEANING**2
        off_camera = (floors[:, 2] - np.log(_CAMERA_M)) / _CAMERA
        trust, erect = 1 / (1 + off_floor) / spread**2, 1 / (1 + leaning) / upright
        curvature = np.einsum("sn,sni,snj->sij", trust, slopes, slopes)
        curvature[:, [0, 1], [0, 1]] += erect.sum(axis=1, keepdims=True) / upright
        curvature[:, 2, 2] += _CAMERA**-2
        slope = np.einsum("sn,sni->si", trust * misses, slopes)
        slope[:, :2] += np.einsum("sn,sni->si", erect, off_normal)
        slope[:, 2] += off_camera / _CAMERA
        energy = (
            _FAR**2 * np.log1p(off_floor).sum(axis=1)
            + _LEANING**2 * np.log1p(leaning).sum(axis=1)
            + off_camera**2
        )
        best, floor = misses[energy.argmin()], floors[energy.argmin()]
        steps = np.linalg.solve(curvature, slope[..., None])[..., 0]
        longest = np.maximum(np.abs(steps).max(axis=1, keepdims=True), _LONGEST_STEP)
        floors = floors - steps * (_LONGEST_STEP / longest)
    # The plane `(normal + tilts) . x = exp(height)` has no unit normal.
    tilted = normal + floor[:2] @ across
    return Floor(unit(tilted), float(np.exp(floor[2]) / np.linalg.norm(tilted)), best)
