# SPDX-License-Identifier: GPL-3.0-or-later
"""Our phenotypes as betas: linear in the same products that our own shapes are linear in."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model_server.smplx.our_body import OurBody, TPosed
from model_server.smplx.registration import BETAS, Registration, ShapeFit, random_people

Array = NDArray[np.float64]

_PEOPLE: Final = 800
_POINTS: Final = 3  # every so many vertices are looked at
_SEED: Final = 0
_RIDGE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Shapes:
    """S betas, linear in P products of phenotypes; B bones of ours, linear in betas."""

    projection: Array  # (P, S)
    heads: Array  # (1 + S, B, 3) of the body's bones in the model's T-pose: at betas 0, and by beta


def fit_shapes(body: OurBody, registration: Registration) -> Shapes:
    """Betas of many people of ours, and what they are made of."""
    model = registration.model
    betas = min(BETAS, model.shapes.shape[2])
    some = np.flatnonzero(registration.trust > 0)[::_POINTS]
    trust = np.zeros_like(registration.trust)
    trust[some] = registration.trust[some]
    fit = ShapeFit(model, trust, betas)
    posed = TPosed(body, registration.turns, registration.points.at(some))
    products, found, places = [], [], []
    points = np.zeros((len(trust), 3))
    for person in random_people(body, _PEOPLE, np.random.default_rng(_SEED)):
        points[some], heads = posed.at(person)
        shape, shift = fit(points)
        products.append(body.bones.products(person))
        found.append(shape)
        places.append(heads + shift)
    known = np.concatenate([np.ones((len(found), 1)), found], 1)
    heads = _solved(known, np.stack(places).reshape(len(places), -1))
    return Shapes(
        _solved(np.stack(products), np.stack(found)),
        heads.reshape(1 + betas, -1, 3),
    )


def _solved(rows: Array, wanted: Array) -> Array:
    """Least squares with a little of ridge: many products are always the same."""
    normal = rows.T @ rows / len(rows) + _RIDGE * np.eye(rows.shape[1])
    return np.linalg.solve(normal, rows.T @ wanted / len(rows))
