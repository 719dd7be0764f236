# SPDX-License-Identifier: GPL-3.0-or-later
"""Which point of our skin every vertex of an SMPL-X model is, and what betas our shapes have."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.smplx.joints import (
    JAW,
    JOINTS,
    LEFT_EYE,
    RIGHT_EYE,
    SMPL_FROM_BODY,
    joint_of_bones,
)
from model_server.smplx.model import SmplxModel
from model_server.smplx.our_body import ADULT, OurBody, TPosed
from model_server.smplx.surface import (
    OnSurface,
    nearest_vertices,
    normals_and_areas,
    on_triangles_at,
    triangles,
)

Array = NDArray[np.float64]

BETAS: Final = 20  # that are fitted, of up to 300 that a file has
SHRINKAGE_M: Final = 0.0003  # so many metres of distance are as bad as one more of a beta
_NORMALS_M: Final = 0.04  # normals that are a radian apart are like points so far apart
_PARTS_M: Final = 0.15  # likewise the skin of other joints
_FAR_M: Final = (1.0, 0.2, 0.1, 0.06, 0.04, 0.04)  # by round: farther points are not the same
_MOUTH: Final = 2  # of the asset's materials


@dataclass(frozen=True, eq=False)
class Registration:
    """A model in the body frame, in touch with our skin."""

    model: SmplxModel
    turns: Array  # (B, 3, 3) from our reference pose to how the model rests
    points: OnSurface  # (V,) of our skin, by vertex of the model
    trust: Array  # (V,) weights of the fit: the area round vertices that found their point


class ShapeFit:
    """Betas of a skin in the T-pose, by regularised least squares, wherever it stands."""

    def __init__(self, model: SmplxModel, trust: Array, betas: int) -> None:
        self._template = in_body_frame(model.template)
        shapes = np.einsum("ji,vjs->vis", SMPL_FROM_BODY, model.shapes[..., :betas])
        ways = np.concatenate([shapes, -np.tile(np.eye(3), (len(shapes), 1, 1))], 2)
        share = np.sqrt(trust / trust.sum())[:, None]
        self._share = share
        flat = (ways * share[..., None]).reshape(-1, betas + 3)
        normal = flat.T @ flat
        normal[np.arange(betas), np.arange(betas)] += SHRINKAGE_M**2
        self._solve = np.linalg.solve(normal, flat.T)
        self._betas = betas

    def __call__(self, points: Array) -> tuple[Array, Array]:
        """Betas (S,), and where to move the points (V, 3) so that they lie on that shape (3,)."""
        away = ((points - self._template) * self._share).ravel()
        solution = self._solve @ away
        return solution[: self._betas], solution[self._betas :]


def in_body_frame(points: Array) -> Array:
    """Points (..., 3) of SMPL-X's axes in ours."""
    turned: Array = points @ SMPL_FROM_BODY
    return turned


def register(body: OurBody, model: SmplxModel, turns: Array) -> Registration:
    """Closest points, then the shape that brings the model there, and again."""
    whole = TPosed(body, turns, body.everywhere())
    ours, heads = whole.at(ADULT)
    ours = ours - heads[0]
    material = body.arrays["face_materials"]
    faces = triangles(body.arrays["faces"][material != _MOUTH])
    features = _features(ours, faces, _weights_by_joint(body))
    used = np.unique(faces)
    betas = min(BETAS, model.shapes.shape[2])
    carried = model.weights.copy()
    carried[:, JOINTS.index("head")] += carried[:, JAW]
    carried[:, JAW] = 0.0
    moved = in_body_frame(model.template - model.joint_regressor[0] @ model.template)
    points, trust = OnSurface.nowhere(), np.zeros(0)
    for far_m in _FAR_M:
        own = _features(moved, model.faces, carried)
        near = used[nearest_vertices(own, features[used])]
        points = on_triangles_at(moved, ours, faces, near)
        reached = points.of(ours)
        trust = _trust(moved, model.faces, reached, far_m)
        found, shift = ShapeFit(model, trust, betas)(reached)
        moved = in_body_frame(model.rest(found, np.zeros(0))) - shift
    return Registration(model, turns, points, trust)


def _features(vertices: Array, faces: NDArray[np.intp], weights: Array) -> Array:
    """What is alike in points that are the same: place, normal, and the joints that carry them."""
    normals, _ = normals_and_areas(vertices, faces)
    return np.concatenate([vertices, _NORMALS_M * normals, _PARTS_M * weights], 1)


def _weights_by_joint(body: OurBody) -> Array:
    """Our skin weights (V, 55) by joints of SMPL-X."""
    weights = np.zeros((len(body.template), len(JOINTS)))
    np.add.at(weights.T, joint_of_bones(body.bone_names), body.skin_weights().T)
    return weights


def _trust(moved: Array, faces: NDArray[np.intp], reached: Array, far_m: float) -> Array:
    _, areas = normals_and_areas(moved, faces)
    near = np.linalg.norm(moved - reached, axis=1) < far_m
    trust: Array = areas * near
    return trust


def is_eye(model: SmplxModel) -> NDArray[np.bool_]:
    """(V,) whether a vertex is of an eyeball."""
    return model.weights[:, [LEFT_EYE, RIGHT_EYE]].sum(1) > 1 / 2


def random_people(body: OurBody, count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Phenotypes of all kinds, as many at the ends of every scale as in between."""
    names = body.meta["phenotype_names"]
    spread = np.clip(rng.uniform(-0.2, 1.2, (count, len(names))), 0, 1)
    return [dict(zip(names, row.tolist(), strict=True)) for row in spread]
