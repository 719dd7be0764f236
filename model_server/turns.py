# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations (3, 3) by axis and angle: how far they turn, and no farther than a joint does."""

import numpy as np

from model_server.bones import Array


def unit(vectors: Array) -> Array:
    """(..., 3) scaled to length 1; a vector of no length stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def turn_about(axis: Array, angle: float) -> Array:
    """The rotation (3, 3) about a unit `axis` (3,) by Rodrigues' formula."""
    x, y, z = axis
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * across @ across


def angle_between(a: Array, b: Array) -> float:
    """The angle of the rotation from `a` to `b` (3, 3), 0…pi."""
    turn = a.T @ b
    return float(np.arctan2(np.linalg.norm(_axis_part(turn)), float(np.trace(turn)) - 1))


def limited(turn: Array, reach: float) -> Array:
    """The same rotation about the same axis, by at most `reach`."""
    if angle_between(np.eye(3), turn) <= reach:
        return turn
    return turn_about(unit(_axis_part(turn)), reach)


def split_wrist(turn: Array, axis: Array, reach: float) -> tuple[float, Array]:
    """A wrist's rotation as the forearm's twist about `axis` (3,) and what the wrist itself does.

    `turn = turn_about(axis, twist) @ wrist`, but for the wrist, which bends by `reach` at most.
    """
    twist = 2 * float(np.arctan2(_axis_part(turn) @ axis, _real_part(turn)))
    return twist, limited(turn_about(axis, -twist) @ turn, reach)


def _real_part(turn: Array) -> float:
    return 1 + float(np.trace(turn))


def _axis_part(turn: Array) -> Array:
    return np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
