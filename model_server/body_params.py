# SPDX-License-Identifier: GPL-3.0-or-later
"""A person as parameters of the body model, and the quaternions they are written with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray

Quaternion = tuple[float, float, float, float]  # unit, WXYZ, W not negative
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class BodyParams:
    """See docs/conventions.md, "The body and its parameters"."""

    rig: str
    root: Quaternion  # cam_from_body
    translation: Vector  # metres, where the root bone's head stands in the camera frame
    rotations: Mapping[str, Quaternion]  # by bone, relative to the parent; absent bones do not turn
    phenotypes: Mapping[str, float]  # 0…1
    facial_actions: Mapping[str, float] = field(default_factory=dict[str, float])  # 0…1


def wxyz_from_matrix(rotations: NDArray[np.floating[Any]]) -> FloatArray:
    """Rotation matrices (N, 3, 3), column vectors, to unit quaternions (N, 4) WXYZ, W not negative.

    Shepperd's method: of four equivalent formulas the one with the largest divisor, so that no
    rotation is near a singularity.
    """
    m = rotations.astype(np.float64)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    yz, zx, xy = m[:, 2, 1] + m[:, 1, 2], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 0] + m[:, 0, 1]
    wx, wy, wz = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    # Row i is the quaternion times four times its component i.
    rows = np.array(
        [
            [1 + xx + yy + zz, wx, wy, wz],
            [wx, 1 + xx - yy - zz, xy, zx],
            [wy, xy, 1 - xx + yy - zz, yz],
            [wz, zx, yz, 1 - xx - yy + zz],
        ]
    ).transpose(2, 0, 1)  # (N, 4, 4)
    largest = np.argmax(np.einsum("nii->ni", rows), axis=1)
    quaternions = rows[np.arange(len(rows)), largest]
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return np.where(quaternions[:, :1] < 0, -quaternions, quaternions).astype(np.float32)
