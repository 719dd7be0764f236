# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations as vectors on which a density means something.

A density needs as many dimensions as the data has. Six numbers per joint describe a rotation that
has three: a flow on 6D data can squeeze itself onto the surface of valid rotations and raise its
likelihood without end while learning nothing of poses. Here every rotation becomes three numbers,
its stereographic coordinates about a middle rotation of the joint, and the volume that the map
stretches is known in closed form; densities are therefore densities of *rotations*, relative to
uniformly random ones. Joints that turn about fewer than three axes would still be degenerate;
training widens every rotation by a few degrees of noise (`widened`), which is exact for the
widened distribution.

Stereographic coordinates of the unit quaternion (w, v) are v / (1 + w): axis times
tan(angle / 4), also known as modified Rodrigues parameters. Any vector decodes to a rotation,
smoothly; a rotation encodes smoothly as long as it is less than half a turn from the middle.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from model_server.learning.body.rotations import cross, nearest_rotation

HALF_TURN = 1e-6  # least 1 + trace: closer to half a turn the axis is not to be told from rounding


class PoseSpace(nn.Module):
    """Rotations (..., J, 3, 3) ↔ vectors (..., 3 J), about each joint's middle rotation."""

    middle: Tensor

    def __init__(self, joints: int) -> None:
        super().__init__()
        self.register_buffer("middle", torch.eye(3).repeat(joints, 1, 1))

    def fit(self, rotations: Tensor) -> None:
        """Put the middles where rotations (N, J, 3, 3) are on average."""
        self.middle.copy_(nearest_rotation(rotations.mean(0)))

    def encode(self, rotations: Tensor) -> Tensor:
        return stereographic(self.middle.transpose(-1, -2) @ rotations).flatten(-2)

    def decode(self, vectors: Tensor) -> Tensor:
        return self.middle @ from_stereographic(vectors.unflatten(-1, (-1, 3)))


def stereographic(rotations: Tensor) -> Tensor:
    """Rotations (..., 3, 3) → axis times tan(angle / 4) (..., 3), of length 0…1."""
    m = rotations
    axis = torch.stack(
        [
            m[..., 2, 1] - m[..., 1, 2],
            m[..., 0, 2] - m[..., 2, 0],
            m[..., 1, 0] - m[..., 0, 1],
        ],
        -1,
    )  # four times w v of the quaternion
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    doubled = (1 + trace).clamp(min=HALF_TURN).sqrt()[..., None]  # 2 w
    return axis / (doubled * (2 + doubled))


def from_stereographic(vectors: Tensor) -> Tensor:
    """Axis times tan(angle / 4) (..., 3) → rotations (..., 3, 3)."""
    square = vectors.square().sum(-1, keepdim=True)
    w = (1 - square) / (1 + square)
    v = 2 * vectors / (1 + square)
    columns = [
        basis + 2 * (w * cross(v, basis) + cross(v, cross(v, basis)))
        for basis in torch.eye(3, dtype=v.dtype, device=v.device)
        .expand(*v.shape[:-1], 3, 3)
        .unbind(-1)
    ]
    return torch.stack(columns, -1)


def log_uniform(vectors: Tensor) -> Tensor:
    """Log density (...) that uniformly random rotations have at vectors (..., 3 J).

    The projection stretches lengths on the quaternions' sphere by 2 / (1 + |m|²) everywhere, and
    rotations are half of that sphere, whose volume is 2 π².
    """
    square = vectors.unflatten(-1, (-1, 3)).square().sum(-1)
    return (3 * (2 / (1 + square)).log() - math.log(math.pi**2)).sum(-1)


def widened(rotations: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """Rotations (..., 3, 3) turned by about `noise` radians about random axes."""
    turn = torch.randn(rotations.shape[:-1], generator=generator, dtype=rotations.dtype)
    turn = turn * (noise / 4)  # tan(angle / 4), to first order
    return rotations @ from_stereographic(turn)


def mirrored(rotations: Tensor) -> Tensor:
    """Rotations (..., 3, 3) in a mirror, x → -x; partners are not swapped."""
    flip = torch.tensor([-1.0, 1.0, 1.0], dtype=rotations.dtype, device=rotations.device)
    return rotations * flip[:, None] * flip
