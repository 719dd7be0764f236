# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit quaternions (WXYZ) over time, on arrays with any leading shape."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TINY: Final = 1e-12


def normalised(wxyz: Array) -> Array:
    """Quaternions (..., 4) of length 1; those without a length become the identity."""
    lengths = np.linalg.norm(wxyz, axis=-1, keepdims=True)
    return np.where(lengths > TINY, wxyz / np.maximum(lengths, TINY), np.array([1.0, 0, 0, 0]))


def product(a: Array, b: Array) -> Array:
    """First b, then a: (..., 4) of (..., 4) and (..., 4)."""
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    parts = [
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    ]
    return np.stack(parts, -1)


def inverse(wxyz: Array) -> Array:
    """The turns back (..., 4) of unit quaternions (..., 4)."""
    back: Array = wxyz * np.array([1.0, -1.0, -1.0, -1.0])
    return back


def turned(wxyz: Array, vectors: Array) -> Array:
    """Vectors (..., 3) turned by unit quaternions (..., 4)."""
    axis = wxyz[..., 1:]
    across = 2.0 * np.cross(axis, vectors)
    moved: Array = vectors + wxyz[..., :1] * across + np.cross(axis, across)
    return moved


def continuous(wxyz: Array) -> Array:
    """The same turns (F, ..., 4), each on the side of its predecessor: q and -q are one turn.

    Linear interpolation between frames goes the short way then.
    """
    flips = np.where((wxyz[1:] * wxyz[:-1]).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    signs = np.concatenate([np.ones_like(wxyz[:1, ..., :1]), np.cumprod(flips, 0)])
    same: Array = wxyz * signs
    return same


def logarithm(wxyz: Array) -> Array:
    """Rotation vectors (..., 3), radians along the axis, at most π long."""
    short = np.where(wxyz[..., :1] < 0, -wxyz, wxyz)
    sine = np.linalg.norm(short[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, short[..., :1])
    scale = np.where(sine > TINY, angle / np.maximum(sine, TINY), 2.0)
    vectors: Array = short[..., 1:] * scale
    return vectors


def exponential(vectors: Array) -> Array:
    """Inverse of logarithm: unit quaternions (..., 4)."""
    half = np.linalg.norm(vectors, axis=-1, keepdims=True) / 2.0
    return np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * vectors], -1)


def slerp(a: Array, b: Array, share: Array) -> Array:
    """From a (..., 4) the short way to b (..., 4), as far as the share (...,) says."""
    return product(a, exponential(logarithm(product(inverse(a), b)) * share[..., None]))


def between(start: Array, end: Array) -> Array:
    """The least turns (..., 4) that bring directions (..., 3) onto others; lengths do not count."""
    a = start / np.maximum(np.linalg.norm(start, axis=-1, keepdims=True), TINY)
    b = end / np.maximum(np.linalg.norm(end, axis=-1, keepdims=True), TINY)
    cosine = (a * b).sum(-1, keepdims=True)
    turn = normalised(np.concatenate([1.0 + cosine, np.cross(a, b)], -1))
    return np.where(cosine > -1.0 + 1e-9, turn, _half_turn(a))


def _half_turn(directions: Array) -> Array:
    """About any axis across."""
    least = np.eye(3)[np.abs(directions).argmin(-1)]
    axis = np.cross(directions, least)
    axis = axis / np.maximum(np.linalg.norm(axis, axis=-1, keepdims=True), TINY)
    return np.concatenate([np.zeros_like(axis[..., :1]), axis], -1)


def mean(wxyz: Array) -> Array:
    """The turn (4,) that lies amid turns (F, 4), whatever their signs."""
    _, vectors = np.linalg.eigh(wxyz.T @ wxyz)
    amid: Array = vectors[:, -1]
    return amid if amid[0] >= 0 else -amid
