# SPDX-License-Identifier: GPL-3.0-or-later
"""Betas and expressions of SMPL-X as phenotypes and facial actions, on the body of SMPL-X."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..body import Body

Array = npt.NDArray[Any]

TRIES: Final = 300  # random people, of whom the most alike is made more alike
STEPS: Final = 20
SHARES: Final = (1.0, 0.5, 0.2, 0.05)  # of a step; shapes bend where children become adults
SMALL: Final = 1e-3  # of a phenotype
DAMPING: Final = 1e-3
ROUNDS: Final = 400
SHRINKAGE: Final = 0.02  # of actions, so that as few as possible make an expression
JOINTED: Final = ("jaw", "eyeLook")  # actions that are turns of joints, which are bones


def phenotypes_of_betas(body: Body, betas: Array) -> dict[str, float]:
    """The phenotypes whose skin is nearest to that of betas (S,): six numbers cannot tell all.

    Betas beyond those of the body are left out, missing ones are 0. The same betas always give the
    same phenotypes.
    """
    wanted = np.zeros(len(body.arrays["shape_vertices"]))
    count = min(len(betas), len(wanted))
    wanted[:count] = betas[:count]
    root = np.linalg.cholesky(_moved_skin(body)).T
    names = body.phenotype_names

    def away(values: Array) -> Array:
        shape = body.coefficients(dict(zip(names, values.tolist(), strict=True)))
        return np.asarray(root @ (shape - wanted))

    tries = np.random.default_rng(0).uniform(0, 1, (TRIES, len(names)))
    best = min(tries, key=lambda values: float(np.square(away(values)).sum()))
    for _ in range(STEPS):
        here = away(best)
        ways = np.where(best < 0.5, SMALL, -SMALL)
        slopes = [(away(best + step) - here) / step.sum() for step in np.diag(ways)]
        rows = np.stack(slopes)
        normal = rows @ rows.T
        normal += DAMPING * np.trace(normal) / len(normal) * np.eye(len(normal))
        step = np.linalg.solve(normal, rows @ here)
        tried = [(best - share * step).clip(0, 1) for share in SHARES]
        best = min([best, *tried], key=lambda values: float(np.square(away(values)).sum()))
    return dict(zip(names, best.tolist(), strict=True))


def _moved_skin(body: Body) -> Array:
    """(S, S) how far, squared, betas move the skin together."""
    steps = body.arrays["shape_vertices_step"][:, None, None].astype(np.float64)
    shapes = (body.arrays["shape_vertices"] * steps).reshape(len(steps), -1)
    moved: Array = shapes @ shapes.T + 1e-9 * np.eye(len(steps))
    return moved


def actions_of_expression(body: Body, expression: Array) -> Array:
    """Facial actions (F, A) 0…1 that look like expressions (F, E), those of joints left out."""
    names = body.facial_action_names
    if not expression.size:
        return np.zeros((len(expression), len(names)))
    known = body.arrays["face_expressions"].astype(np.float64)
    count = min(expression.shape[1], known.shape[1])
    free = np.array([not name.startswith(JOINTED) for name in names])
    rows = np.where(free[:, None], known[:, :count], 0.0)
    length = np.linalg.norm(rows, 2) ** 2 + SHRINKAGE
    actions = np.zeros((len(expression), len(names)))
    for _ in range(ROUNDS):
        slope = (actions @ rows - expression[:, :count]) @ rows.T + SHRINKAGE * actions
        actions = (actions - slope / length).clip(0, 1)
    found: Array = actions * free
    return found
