# SPDX-License-Identifier: GPL-3.0-or-later
"""A posed body before the camera, and the small steps from one to another.

A step is a vector (6 + P + 3 J): how the whole body turns (camera axes, radians), moves to the
right and down (in sizes of the person as seen) and away (logarithm of the distance), what is added
to the P phenotypes, and how each of J bones turns (axes of its parent, radians).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model_server.bones import Array
from model_server.fusion import Rotations
from model_server.session import Posed

TURN: Final = slice(0, 3)
MOVE: Final = slice(3, 5)
AWAY: Final = 5
SHAPE: Final = 6  # where phenotypes begin
WHOLE: Final = ("turn x", "turn y", "turn z", "right", "down", "away")  # what comes before them


@dataclass(frozen=True)
class BodyState:
    """What a step changes."""

    root: Array  # (3, 3) cam_from_body
    place: Array  # (3,) metres, the root's head in the camera frame
    phenotypes: Array  # (P,) 0…1
    turns: Array  # (J, 3, 3) of bones relative to their parents

    def rotations(self, bones: Sequence[str]) -> Rotations:
        """The turns by name."""
        return dict(zip(bones, self.turns, strict=True))


def state_of(posed: Posed, row: int) -> BodyState:
    return BodyState(
        posed.root[row].astype(np.float64),
        posed.translation[row].astype(np.float64),
        np.clip(posed.phenotypes[row], 0, 1).astype(np.float64),
        posed.rotations[row].astype(np.float64),
    )


def stepped(state: BodyState, step: Array, size: float) -> BodyState:
    """The state after a step, of somebody who is seen `size` large, a tangent."""
    shape_end = SHAPE + len(state.phenotypes)
    aside = size * state.place[2] * np.array([*step[MOVE], 0.0])
    return BodyState(
        turn_by(step[TURN]) @ state.root,
        state.place * np.exp(step[AWAY]) + aside,
        np.clip(state.phenotypes + step[SHAPE:shape_end], 0, 1),
        turn_by(step[shape_end:].reshape(-1, 3)) @ state.turns,
    )


def step_between(before: BodyState, after: BodyState, size: float) -> Array:
    """The step from one state to another; `stepped` takes it, but for phenotypes beyond 0…1."""
    away = np.log(after.place[2] / before.place[2])
    aside = (after.place / np.exp(away) - before.place) / (size * before.place[2])
    return np.concatenate(
        [
            vector_of(after.root @ before.root.T),
            aside[:2] * np.exp(away),
            [away],
            after.phenotypes - before.phenotypes,
            vector_of(after.turns @ before.turns.swapaxes(-1, -2)).ravel(),
        ]
    )


def turn_by(vectors: Array) -> Array:
    """Rotations (..., 3, 3) about vectors (..., 3) by their lengths, Rodrigues' formula."""
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    x, y, z = np.moveaxis(vectors / np.maximum(angle, 1e-12), -1, 0)
    zero = np.zeros_like(x)
    across = np.moveaxis(np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]), (0, 1), (-2, -1))
    sine, cosine = np.sin(angle)[..., None], np.cos(angle)[..., None]
    return np.eye(3) + sine * across + (1 - cosine) * across @ across


def vector_of(turns: Array) -> Array:
    """The inverse (..., 3) of `turn_by`, no longer than pi."""
    axis = np.stack(
        [
            turns[..., 2, 1] - turns[..., 1, 2],
            turns[..., 0, 2] - turns[..., 2, 0],
            turns[..., 1, 0] - turns[..., 0, 1],
        ],
        axis=-1,
    )
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, np.trace(turns, axis1=-2, axis2=-1) - 1)
    return axis * (angle / np.maximum(sine, 1e-12))[..., None]
