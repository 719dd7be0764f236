# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of a correction: a posed body bends as little as it takes to be seen where it was
put.

The network believes pinned landmarks, but does not reach them exactly. Here a few damped
Gauss-Newton steps turn the bones of the limbs in question: how landmarks move with a bone that
turns follows from where they are, so that nothing has to be learned or differentiated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from model_server.bones import Array
from model_server.figure import Figure, PosedFigure
from model_server.fusion import Rotations
from model_server.turns import turn_about

_ROUNDS: Final = 8
_STIFFNESS: Final = 0.15  # that bones turn by a radian counts as misses by so many sizes
_LONGEST_STEP: Final = 0.4  # radians
_SMALL_STEP: Final = 0.003  # not worth another round


@dataclass(frozen=True)
class Stance:
    """How a figure stands before the camera."""

    rotations: Rotations  # by bone, relative to the parent
    root: Array  # (3, 3) cam_from_body
    place: Array  # (3,) metres, the root's head in the camera frame


@dataclass(frozen=True)
class Goal:
    """Where landmarks are to be seen."""

    tangents: Array  # (33, 2) pixels from the principal point by the focal length
    trust: Array  # (33,) how much each counts

    @cached_property
    def size(self) -> float:
        """Root mean square distance of the landmarks from their middle, a tangent."""
        weights = self.trust + 1e-6
        middle = np.average(self.tangents, axis=0, weights=weights)
        squares = np.square(self.tangents - middle).sum(axis=1)
        return max(float(np.sqrt(np.average(squares, weights=weights))), 1e-6)


def reached(
    figure: Figure, start: Stance, goal: Goal, free: Sequence[str], *, moving: bool
) -> Stance:
    """The stance near `start` whose landmarks are nearest to the goal. Only the bones `free` turn,
    and if `moving` the whole body turns and moves as well.
    """
    stance, turned = start, np.zeros(3 * len(free) + 6 * moving)
    for _ in range(_ROUNDS):
        posed = figure.posed(stance.rotations)
        misses, slopes = _linearised(figure, posed, stance, goal, free, moving=moving)
        curvature = slopes.T @ slopes + _STIFFNESS**2 * np.eye(len(turned))
        step = np.linalg.solve(curvature, slopes.T @ misses - _STIFFNESS**2 * turned)
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max(initial=0)), 1e-9))
        stance = _stepped(stance, posed, figure, free, step, size_m=_size_m(stance, goal))
        turned = turned + step
        if np.abs(step).max(initial=0) < _SMALL_STEP:
            break
    return stance


def _linearised(
    figure: Figure,
    posed: PosedFigure,
    stance: Stance,
    goal: Goal,
    free: Sequence[str],
    *,
    moving: bool,
) -> tuple[Array, Array]:
    """Misses (66,) and how steps (S,) change them (66, S), both weighted and in sizes."""
    around = posed.landmarks @ stance.root.T  # (33, 3) from the root's head, camera axes
    points = around + stance.place
    depth = np.maximum(points[:, 2], 0.1)
    tangents = points[:, :2] / depth[:, None]
    view = np.zeros((len(points), 2, 3))  # of a tangent by its point
    view[:, 0, 0] = view[:, 1, 1] = 1 / depth
    view[:, :, 2] = -tangents / depth[:, None]
    moves: list[Array] = []  # of points by turns, (33, 3, 3) each
    for bone in free:
        index = figure.bones.names.index(bone)
        lever = around - posed.heads[index] @ stance.root.T
        moves.append(_turning(lever * figure.shares[:, index, None]))
    if moving:
        shift = np.tile(_size_m(stance, goal) * np.eye(3), (len(points), 1, 1))
        moves += [_turning(around), shift]
    weights = np.sqrt(goal.trust) / goal.size
    slopes = np.einsum("l,lij,ljk->lik", weights, view, np.concatenate(moves, axis=2))
    misses = weights[:, None] * (goal.tangents - tangents)
    return misses.reshape(-1), slopes.reshape(misses.size, -1)


def _turning(levers: Array) -> Array:
    """How points at levers (L, 3) move with a turn: (L, 3, 3) times its vector."""
    x, y, z = levers.T
    zero = np.zeros_like(x)
    return np.array([[zero, z, -y], [-z, zero, x], [y, -x, zero]]).transpose(2, 0, 1)


def _stepped(
    stance: Stance,
    posed: PosedFigure,
    figure: Figure,
    free: Sequence[str],
    step: Array,
    *,
    size_m: float,
) -> Stance:
    """The stance after a step (S,): turns of free bones, camera axes, then of all, then a move."""
    rotations = dict(stance.rotations)
    turns, rest = step[: 3 * len(free)].reshape(-1, 3), step[3 * len(free) :]
    for bone, turn in zip(free, turns, strict=True):
        parent = posed.turns[figure.bones.parents[figure.bones.names.index(bone)]]
        axes = stance.root @ parent  # cam_from_parent
        rotations[bone] = _turn(turn @ axes) @ rotations.get(bone, np.eye(3))
    if not rest.size:
        return Stance(rotations, stance.root, stance.place)
    return Stance(rotations, _turn(rest[:3]) @ stance.root, stance.place + size_m * rest[3:])


def _turn(vector: Array) -> Array:
    angle = float(np.linalg.norm(vector))
    return turn_about(vector / max(angle, 1e-12), angle)


def _size_m(stance: Stance, goal: Goal) -> float:
    """A tangent as large as the person, in metres where they stand."""
    return float(goal.size * max(stance.place[2], 0.1))
