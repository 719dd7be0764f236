# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations in the way each bone keeps them: any rotation mode, locks, no jumps between frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..rotations import matrices_from_quaternions, quaternions_from_matrices

Array = npt.NDArray[Any]

QUATERNION: Final = "QUATERNION"
AXIS_ANGLE: Final = "AXIS_ANGLE"
ODD_ORDERS: Final = frozenset({"XZY", "YXZ", "ZYX"})
FULL: Final = 2 * np.pi
NO_TURN: Final = 1e-7


@dataclass(frozen=True, eq=False)
class BoneState:
    """What a bone's own channels are and allow."""

    mode: str  # as Blender names rotation modes
    rotation: Array  # (3,) or (4,) in that mode
    location: Array  # (3,)
    scale: Array  # (3,)
    rotation_locks: Array  # (3,) bool; of axes, or of a quaternion's X, Y and Z
    w_lock: bool
    locks_4d: bool  # whether quaternions are locked by component
    location_locks: Array  # (3,) bool
    location_axes: Array  # (3, 3) of its location, seen from where its rotation is

    @property
    def turns(self) -> bool:
        """Whether anything of its rotation may change."""
        about_locked_axis = self.mode == AXIS_ANGLE and not self.w_lock
        return bool(not self.rotation_locks.all() or about_locked_axis)

    @property
    def moves(self) -> bool:
        return not self.location_locks.all()

    def matrix(self, rotation: Array, location: Array) -> Array:
        """Own transforms (F, 4, 4) of rotations (F, 3, 3), locations (F, 3) and this scale."""
        result = np.tile(np.eye(4), (len(rotation), 1, 1))
        result[:, :3, :3] = rotation * self.scale
        result[:, :3, 3] = location @ self.location_axes.T
        return result


def rotation_values(rotations: Array, state: BoneState) -> Array:
    """Values (F, 3 or 4) for rotations (F, 3, 3), from frame to frame on the shortest way; what is
    locked keeps its value.
    """
    if state.mode == QUATERNION:
        return _quaternion_values(rotations, state)
    if state.mode == AXIS_ANGLE:
        values = axis_angles(rotations)
        locks = np.array([state.w_lock, *state.rotation_locks])
        return np.where(locks, state.rotation, values)
    values = eulers(rotations, state.mode, state.rotation)
    return np.where(state.rotation_locks, state.rotation, values)


def rotation_matrices(values: Array, mode: str) -> Array:
    """Inverse of rotation_values without locks: (F, 3 or 4) to (F, 3, 3)."""
    if mode == QUATERNION:
        return matrices_from_quaternions(values)
    if mode == AXIS_ANGLE:
        half = values[:, :1] / 2
        length = np.linalg.norm(values[:, 1:], axis=1, keepdims=True)
        axes = values[:, 1:] / np.where(length > NO_TURN, length, 1.0)
        return matrices_from_quaternions(np.concatenate([np.cos(half), np.sin(half) * axes], 1))
    return from_eulers(values, mode)


def _quaternion_values(rotations: Array, state: BoneState) -> Array:
    locks = state.rotation_locks
    if not locks.any() and not (state.locks_4d and state.w_lock):
        return steady(quaternions_from_matrices(rotations), state.rotation)
    if state.locks_4d:
        values = steady(quaternions_from_matrices(rotations), state.rotation)
        kept = np.where(np.array([state.w_lock, *locks]), state.rotation, values)
        length = np.linalg.norm(kept, axis=1, keepdims=True)
        return np.where(length > NO_TURN, kept / np.maximum(length, NO_TURN), state.rotation)
    # As Blender itself locks quaternions: by the Euler angles that they amount to.
    current = eulers(matrices_from_quaternions(state.rotation[None]), "XYZ", np.zeros(3))[0]
    angles = np.where(locks, current, eulers(rotations, "XYZ", current))
    return steady(quaternions_from_matrices(from_eulers(angles, "XYZ")), state.rotation)


def steady(quaternions: Array, before: Array) -> Array:
    """The same rotations as quaternions (F, 4) without jumps to the other hemisphere."""
    previous = np.concatenate([before[None], quaternions[:-1]])
    signs = np.where(np.sum(previous * quaternions, 1) < 0, -1.0, 1.0)
    steadied: Array = quaternions * np.cumprod(signs)[:, None]
    return steadied


def axis_angles(rotations: Array) -> Array:
    """Angle and axis (F, 4) of rotations (F, 3, 3), without flips of the axis."""
    quaternions = steady(quaternions_from_matrices(rotations), np.array([1.0, 0, 0, 0]))
    sines = np.linalg.norm(quaternions[:, 1:], axis=1, keepdims=True)
    axes = np.where(sines > NO_TURN, quaternions[:, 1:] / np.maximum(sines, NO_TURN), [0, 1, 0])
    angles = 2 * np.arctan2(sines, quaternions[:, :1])
    signs = np.where(np.sum(axes[1:] * axes[:-1], 1) < 0, -1.0, 1.0)
    signs = np.concatenate([[1.0], np.cumprod(signs)])[:, None]
    return np.concatenate([np.unwrap(signs * angles, axis=0), signs * axes], 1)


def _axes(order: str) -> tuple[int, int, int, float]:
    i, j, k = ("XYZ".index(letter) for letter in order)
    return i, j, k, -1.0 if order in ODD_ORDERS else 1.0


def from_eulers(angles: Array, order: str) -> Array:
    """Rotations (F, 3, 3) about the order's first axis, then its second, then its third, by angles
    (F, 3) named X, Y, Z.
    """
    result = np.tile(np.eye(3), (len(angles), 1, 1))
    for axis in ("XYZ".index(letter) for letter in order):
        following, last = (axis + 1) % 3, (axis + 2) % 3
        turn = np.tile(np.eye(3), (len(angles), 1, 1))
        cosines, sines = np.cos(angles[:, axis]), np.sin(angles[:, axis])
        turn[:, following, following] = turn[:, last, last] = cosines
        turn[:, last, following], turn[:, following, last] = sines, -sines
        result = turn @ result
    return result


def eulers(rotations: Array, order: str, before: Array) -> Array:
    """Angles (F, 3), named X, Y, Z, of rotations (F, 3, 3): of the two ways to turn there always
    the one nearer to the frame before, the first to `before` (3,).
    """
    i, j, k, sign = _axes(order)
    m = rotations
    cosine = np.hypot(m[:, i, i], m[:, j, i])
    locked = cosine < NO_TURN  # gimbal lock: the third angle does what the first would
    first = np.where(locked, 0.0, np.arctan2(sign * m[:, k, j], m[:, k, k]))
    second = np.arctan2(-sign * m[:, k, i], cosine)
    third = np.where(
        locked,
        np.arctan2(-sign * m[:, i, j], m[:, j, j]),
        np.arctan2(sign * m[:, j, i], m[:, i, i]),
    )
    ways = np.empty((len(m), 2, 3))
    ways[:, 0, [i, j, k]] = np.stack([first, second, third], 1)
    ways[:, 1, [i, j, k]] = np.stack([first + np.pi, np.pi - second, third + np.pi], 1)
    return _nearest_ways(ways, before)


def _nearest_ways(ways: Array, before: Array) -> Array:
    """Of ways (F, 2, 3) and those full turns away from them, the nearest to the frame before."""
    chosen = np.empty((len(ways), 3))
    for frame, pair in enumerate(ways):
        near = pair - FULL * np.round((pair - before) / FULL)
        distances = np.abs(near - before).sum(1)
        before = chosen[frame] = near[int(distances[1] < distances[0])]
    return chosen
