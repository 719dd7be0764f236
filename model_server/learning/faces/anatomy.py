# SPDX-License-Identifier: GPL-3.0-or-later
"""Points on the face as linear functions of who it is and what it does.

A face hangs on the head bone alone, so in the head's rest axes (body axes: x left, y back, z up)
a point is `template + coefficients · shape + amounts · sculpt + actions · moves`, nothing else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model_server.learning.faces.points import POINTS
from model_server.learning.faces.sculpt import Sculpt
from model_server.learning.rendering import PosedPerson
from model_server.learning.rendering.body_arrays import BodyArrays
from model_server.learning.rendering.posing import shape_coefficients
from model_server.learning.samples.people import PHENOTYPES

POINTS_FILE: Final = Path(__file__).with_name("face_points.json")


@dataclass(frozen=True)
class Anatomy:
    """P points of the face; metres, rest axes."""

    template: np.ndarray  # (P, 3)
    shape: np.ndarray  # (K, P, 3)
    sculpt: np.ndarray  # (D, P, 3)
    moves: np.ndarray  # (A, P, 3) of the actions

    def neutral(self, coefficients: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        """Coefficients (N, K) and sculpt amounts (N, D) → points (N, P, 3) of resting faces."""
        return (
            self.template
            + np.tensordot(coefficients, self.shape, 1)
            + np.tensordot(amounts, self.sculpt, 1)
        ).astype(np.float32)

    def expression(self, actions: np.ndarray) -> np.ndarray:
        """Actions (N, A) → how far the points move (N, P, 3)."""
        return np.tensordot(actions, self.moves, 1).astype(np.float32)

    def regressed(self, weights: np.ndarray) -> Anatomy:
        """Weighted sums of the points; weights (Q, P)."""
        return Anatomy(
            *(
                np.einsum("qp,...pi->...qi", weights, value, optimize=True)
                for value in vars(self).values()
            )
        )


def anatomy_of(body: BodyArrays, sculpt: Sculpt, vertices: np.ndarray) -> Anatomy:
    """The anatomy of some vertices of the base mesh."""
    moves = np.zeros((len(body.face_vertices), *body.template_vertices.shape), np.float32)
    moves[:, body.face_vertex_ids] = body.face_vertices
    return Anatomy(
        body.template_vertices[vertices],
        body.shape_vertices[:, vertices],
        sculpt.moves[:, vertices],
        moves[:, vertices],
    )


def coefficients_of(body: BodyArrays, phenotypes: np.ndarray) -> np.ndarray:
    """Phenotypes (N, 6) → coefficients (N, K) of the shape basis."""
    nowhere = np.zeros(3)
    people = [
        PosedPerson(dict(zip(PHENOTYPES, row.tolist(), strict=True)), {}, np.eye(3), nowhere)
        for row in phenotypes
    ]
    return shape_coefficients(body, people)


def write_points(vertices: list[list[int]], weights: list[list[float]]) -> None:
    """For every one of `POINTS`, the vertices of the base mesh it lies between, and how."""
    rows = {
        str(point): [v, [round(float(x), 4) for x in w]]
        for point, v, w in zip(POINTS, vertices, weights, strict=True)
    }
    lines = ",\n".join(f' "{point}": {json.dumps(row)}' for point, row in rows.items())
    POINTS_FILE.write_text("{\n" + lines + "\n}\n")


def seen_points(body: BodyArrays, sculpt: Sculpt) -> Anatomy:
    """The anatomy of the detector's `POINTS`, as learned by `learn_points`."""
    rows = json.loads(POINTS_FILE.read_text())
    vertices = sorted({vertex for ids, _ in rows.values() for vertex in ids})
    place = {vertex: column for column, vertex in enumerate(vertices)}
    weights = np.zeros((len(POINTS), len(vertices)), np.float32)
    for row, point in enumerate(POINTS):
        for vertex, weight in zip(*rows[str(point)], strict=True):
            weights[row, place[vertex]] += weight
    return anatomy_of(body, sculpt, np.array(vertices)).regressed(weights)
