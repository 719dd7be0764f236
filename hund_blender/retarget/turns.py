# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation matrices and directions on arrays with any leading shape; angles in radians."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..rotations import matrices_from_quaternions, quaternions_from_matrices

Array = npt.NDArray[Any]

NO_LENGTH: Final = 1e-9
OPPOSITE: Final = -1 + 1e-9


def unit(vectors: Array) -> Array:
    """Vectors (..., 3) at length 1; those without length stay so."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Array = vectors / np.where(lengths > NO_LENGTH, lengths, 1.0)
    return scaled


def across(vectors: Array, axes: Array) -> Array:
    """The part of vectors (..., 3) that is perpendicular to unit axes (..., 3)."""
    part: Array = vectors - axes * np.sum(vectors * axes, -1, keepdims=True)
    return part


def perpendicular(axes: Array) -> Array:
    """Some unit vectors (..., 3) perpendicular to unit axes (..., 3)."""
    least = np.eye(3)[np.argmin(np.abs(axes), -1)]
    return unit(across(least, axes))


def frame(y: Array, toward: Array) -> Array:
    """Rotations (..., 3, 3) with Y along y (..., 3) and Z as near to toward (..., 3) as can be."""
    y = unit(y)
    z = across(unit(toward), y)
    lost = np.linalg.norm(z, axis=-1, keepdims=True) < 1e-6
    z = unit(np.where(lost, perpendicular(y), z))
    return np.stack([np.cross(y, z), np.broadcast_to(y, z.shape), z], -1)


def about(axes: Array, angles: Array) -> Array:
    """Rotations (..., 3, 3) about unit axes (..., 3) by angles (...)."""
    half = np.asarray(angles)[..., None] / 2
    axes = np.broadcast_to(axes, (*half.shape[:-1], 3))
    return matrices_from_quaternions(np.concatenate([np.cos(half), np.sin(half) * axes], -1))


def arc(start: Array, end: Array) -> Array:
    """The shortest rotations (..., 3, 3) from unit vectors (..., 3) to others (..., 3)."""
    cosines = np.sum(start * end, -1, keepdims=True)
    quaternions = np.concatenate([1 + cosines, np.cross(start, end)], -1)
    half_turn = np.concatenate([np.zeros_like(cosines), perpendicular(start)], -1)
    return matrices_from_quaternions(np.where(cosines < OPPOSITE, half_turn, quaternions))


def twist(rotations: Array) -> Array:
    """How far rotations (..., 3, 3) turn about their Y axis (...), -pi to pi."""
    w, _, y, _ = np.moveaxis(quaternions_from_matrices(rotations), -1, 0)
    angles: Array = 2 * np.arctan2(y, w)
    return angles


def about_y(angles: Array) -> Array:
    """Rotations (..., 3, 3) about Y; the inverse of twist."""
    return about(np.array([0.0, 1.0, 0.0]), angles)


def between(start: Array, end: Array, share: float | Array) -> Array:
    """Rotations (..., 3, 3) on the shortest way from start to end (..., 3, 3), 0…1 of it (...)."""
    step = quaternions_from_matrices(start.swapaxes(-1, -2) @ end)
    sines = np.linalg.norm(step[..., 1:], axis=-1)
    half = np.arctan2(sines, step[..., 0]) * np.asarray(share)
    axes = step[..., 1:] / np.maximum(sines, NO_LENGTH)[..., None]
    return start @ matrices_from_quaternions(
        np.concatenate([np.cos(half)[..., None], np.sin(half)[..., None] * axes], -1)
    )


def angle(rotations: Array) -> Array:
    """How far rotations (..., 3, 3) turn (...), 0 to pi."""
    quaternions = quaternions_from_matrices(rotations)
    sines = np.linalg.norm(quaternions[..., 1:], axis=-1)
    angles: Array = 2 * np.arctan2(sines, quaternions[..., 0])
    return angles


def orthonormal(matrices: Array) -> Array:
    """Rotations (..., 3, 3) in matrices (..., 3, 3) that may stretch: Y keeps its direction."""
    return frame(matrices[..., 1], matrices[..., 2])


def applied(matrices: Array, points: Array) -> Array:
    """Matrices (..., 3, 3) times vectors (..., 3)."""
    moved: Array = np.einsum("...ij,...j->...i", matrices, points)
    return moved
