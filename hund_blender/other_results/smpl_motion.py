# SPDX-License-Identifier: GPL-3.0-or-later
"""One person's motion in the joints of SMPL-H, whichever of SMPL's family it was told in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..axes import BLENDER_FROM_CAM
from ..clip.amass import JOINTS
from ..clip.quaternions import exponential
from ..errors import ClipError
from ..rotations import nearest_rotations, quaternions_from_matrices
from .arrays import numbers_of

Array = npt.NDArray[Any]

BODY: Final = 21  # joints of the body without the pelvis
HAND: Final = 15  # joints of each hand
SMPL_BODY: Final = 23  # SMPL has one joint more for each hand, which turns nothing that we have

# World, by how its axes lie in a camera that looks ahead, upright.
Z_UP: Final = "Z_UP"
Y_UP: Final = "Y_UP"
CAMERA: Final = "CAMERA"
CAM_FROM_WORLD: Final = {
    Z_UP: BLENDER_FROM_CAM.T,
    Y_UP: np.diag([1.0, -1.0, -1.0]),
    CAMERA: np.eye(3),
}


@dataclass(frozen=True, eq=False)
class SmplMotion:
    """F frames of one person."""

    frames: Array  # (F,) int, ascending
    local_wxyz: Array  # (F, 52, 4) in the order of clip.amass.JOINTS, SMPL's own axes
    trans_m: Array  # (F, 3) of the world
    world: str  # Z_UP, Y_UP or CAMERA
    fps: float | None  # None where the file does not tell
    jaw_rad: Array  # (F,) how far it is open
    expression: Array  # (F, E) of SMPL-X, E = 0 where the file does not tell
    betas: Array | None = None  # (S,) of SMPL-X


def joined_pose(root: Array, body: Array, hands: Array | None) -> Array:
    """SMPL-H's joints (F, 52, 4) of root (F, 1, 4), body (F, 21 or more, 4), hands (F, 30, 4)."""
    pose = np.zeros((len(body), len(JOINTS), 4))
    pose[..., 0] = 1.0
    pose[:, :1], pose[:, 1 : 1 + BODY] = root, body[:, :BODY]
    if hands is not None:
        pose[:, 1 + BODY :] = hands
    return pose


def rotations_of(values: Any, joints: int, frames: int, name: str) -> Array:
    """Rotation vectors in radians, or matrices, in any nesting, as WXYZ (frames, joints, 4)."""
    numbers = numbers_of(values, name)
    if numbers.size == frames * joints * 3:
        return exponential(numbers.reshape(frames, joints, 3))
    if numbers.size == frames * joints * 9:
        matrices = numbers.reshape(frames, joints, 3, 3)
        return quaternions_from_matrices(nearest_rotations(matrices))
    raise ClipError(
        f"“{name}” has the shape {numbers.shape}; expected were {frames} × {joints} rotation "
        f"vectors ({frames}, {3 * joints}) or matrices ({frames}, {joints}, 3, 3).",
        "Write it in one of these forms.",
    )
