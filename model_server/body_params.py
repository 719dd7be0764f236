# SPDX-License-Identifier: GPL-3.0-or-later
"""A person as parameters of the body model, and the quaternions they are written with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.arrays import FloatArray

_DIGITS: Final = 6

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


def body_params(
    rig: str,
    root: NDArray[np.floating[Any]],
    place: NDArray[np.floating[Any]],
    rotations: Mapping[str, NDArray[np.floating[Any]]],
    phenotypes: Mapping[str, float],
) -> BodyParams:
    """From matrices: root (3, 3) cam_from_body, place (3,), rotations (3, 3) by bone."""
    root_wxyz, *turns = wxyz_from_matrix(np.stack([root, *rotations.values()]))
    return BodyParams(
        rig=rig,
        root=_quaternion(root_wxyz),
        translation=_vector(place),
        rotations={bone: _quaternion(q) for bone, q in zip(rotations, turns, strict=True)},
        phenotypes=phenotypes,
    )


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


def matrices_from_wxyz(quaternions: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Unit quaternions (N, 4) WXYZ to rotation matrices (N, 3, 3), column vectors."""
    w, x, y, z = quaternions.astype(np.float64).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rows).transpose(2, 0, 1)


def rounded(values: NDArray[np.floating[Any]]) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]


def _quaternion(values: NDArray[np.floating[Any]]) -> Quaternion:
    w, x, y, z = rounded(values)
    return w, x, y, z


def _vector(values: NDArray[np.floating[Any]]) -> Vector:
    x, y, z = rounded(values)
    return x, y, z
