# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations in numpy, any leading shape, for column vectors; quaternions are unit, WXYZ."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def normalised(vectors: Array) -> Array:
    """vectors (..., N) scaled to length one; zero vectors stay zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(length, 1e-12)


def transposed(matrices: Array) -> Array:
    """(..., 3, 3) to the inverse rotations."""
    return np.swapaxes(matrices, -1, -2)


def from_quaternion(quaternion: Array) -> Array:
    """quaternion (..., 4), WXYZ -> matrices (..., 3, 3)."""
    w, x, y, z = np.moveaxis(normalised(quaternion), -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2)


def to_quaternion(matrices: Array) -> Array:
    """matrices (..., 3, 3) -> quaternions (..., 4), WXYZ, w >= 0. Stable for every angle."""
    m = matrices
    m00, m11, m22 = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    # Each row is the quaternion times four of one of its components; the longest row is the safest.
    yz, zx, xy = (
        m[..., 2, 1] - m[..., 1, 2],
        m[..., 0, 2] - m[..., 2, 0],
        m[..., 1, 0] - m[..., 0, 1],
    )
    sxy, szx, syz = (
        m[..., 1, 0] + m[..., 0, 1],
        m[..., 0, 2] + m[..., 2, 0],
        m[..., 2, 1] + m[..., 1, 2],
    )
    rows = (
        (1 + m00 + m11 + m22, yz, zx, xy),
        (yz, 1 + m00 - m11 - m22, sxy, szx),
        (zx, sxy, 1 - m00 + m11 - m22, syz),
        (xy, szx, syz, 1 - m00 - m11 + m22),
    )
    candidates = np.stack([np.stack(row, -1) for row in rows], -2)
    best = np.argmax(np.einsum("...ii->...i", candidates), -1)
    quaternion = np.take_along_axis(candidates, best[..., None, None], -2)[..., 0, :]
    return normalised(quaternion) * np.where(quaternion[..., :1] < 0, -1.0, 1.0)


def from_rotvec(rotvec: Array) -> Array:
    """rotvec (..., 3), axis times angle in radians -> matrices (..., 3, 3)."""
    half = np.linalg.norm(rotvec, axis=-1, keepdims=True) / 2
    return from_quaternion(np.concatenate([np.cos(half), rotvec / 2 * np.sinc(half / np.pi)], -1))


def to_rotvec(matrices: Array) -> Array:
    """matrices (..., 3, 3) -> rotation vectors (..., 3), length 0...pi."""
    quaternion = to_quaternion(matrices)
    sine = np.linalg.norm(quaternion[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternion[..., :1])
    return quaternion[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def about(axis: Array, angle: Array) -> Array:
    """Rotations (..., 3, 3) about unit `axis` (..., 3) by `angle` (...) radians."""
    return from_rotvec(axis * np.asarray(angle)[..., None])


def power(matrices: Array, exponent: float | Array) -> Array:
    """That share of each rotation, the short way: (..., 3, 3)."""
    return from_rotvec(to_rotvec(matrices) * np.asarray(exponent)[..., None])


def between(first: Array, second: Array, share: float | Array) -> Array:
    """From `first` (share 0) to `second` (share 1), each (..., 3, 3), along the shortest arc."""
    return first @ power(transposed(first) @ second, share)


def angle_between(first: Array, second: Array) -> Array:
    """Angle in radians (...) between rotations (..., 3, 3)."""
    cosine = (np.einsum("...ij,...ij->...", first, second) - 1) / 2
    return np.arccos(np.clip(cosine, -1, 1))


def twist_angle(matrices: Array, axis: Array) -> Array:
    """Angle (...) in -pi...pi of each rotation's part about unit `axis` (..., 3)."""
    quaternion = to_quaternion(matrices)
    along = np.einsum("...i,...i->...", quaternion[..., 1:], axis)
    angle = 2 * np.arctan2(along, quaternion[..., 0])
    return (angle + np.pi) % (2 * np.pi) - np.pi


def frame(along: Array, beside: Array) -> Array:
    """Right-handed (..., 3, 3): first column along `along`, second as near `beside` as can be."""
    first = normalised(along)
    overlap = np.einsum("...i,...i->...", beside, first)[..., None]
    second = normalised(beside - overlap * first)
    return np.stack([first, second, np.cross(first, second)], -1)
