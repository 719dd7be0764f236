# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations in the forms the networks use. Matrices (..., 3, 3) act on column vectors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def matrix_from_6d(six: Tensor) -> Tensor:
    """(..., 6), two columns, to the rotation (..., 3, 3) by Gram-Schmidt (Zhou et al., CVPR 2019,
    section 4).
    """
    first = normalize(six[..., :3], dim=-1)
    second = six[..., 3:] - (first * six[..., 3:]).sum(-1, keepdim=True) * first
    second = normalize(second, dim=-1)
    return torch.stack([first, second, cross(first, second)], -1)


def six_from_matrix(rotation: Tensor) -> Tensor:
    """Rotation (..., 3, 3) to its first two columns (..., 6)."""
    return torch.cat([rotation[..., 0], rotation[..., 1]], -1)


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Cross product of (..., 3) by components, which exports to plain ONNX arithmetic."""
    ax, ay, az = a.unbind(-1)
    bx, by, bz = b.unbind(-1)
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def turn_about(axis: Tensor, angle: Tensor) -> Tensor:
    """Rotations (..., 3, 3) about unit axes (..., 3) by angles (...,) in radians (Rodrigues)."""
    x, y, z = axis.unbind(-1)
    zero = torch.zeros_like(x)
    rows = [torch.stack(row, -1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    crossing = torch.stack(rows, -2)
    sine, rest = angle.sin()[..., None, None], (1 - angle.cos())[..., None, None]
    return torch.eye(3, device=axis.device) + sine * crossing + rest * crossing @ crossing


def nearest_rotation(matrix: Tensor) -> Tensor:
    """The rotation nearest to each matrix (..., 3, 3) in the Frobenius norm; determinant +1."""
    u, _, vt = torch.linalg.svd(matrix)
    sign = torch.linalg.det(u @ vt)
    flip = torch.ones_like(matrix[..., 0])
    flip[..., 2] = sign
    return u @ (flip[..., None] * vt)


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """Geodesic angle (...,) in radians between rotations (..., 3, 3)."""
    cosine = ((a.transpose(-1, -2) @ b).diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    return torch.acos(cosine.clamp(-1, 1))
