# SPDX-License-Identifier: GPL-3.0-or-later
"""The joints of SMPL-X in their order, and what its pose corrections depend on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .clip.amass import PARENTS, SMPL_FROM_BODY

Array = npt.NDArray[Any]

BODY_JOINTS: Final = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2",
    "left_ankle", "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar",
    "right_collar", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist",
)  # fmt: skip
FACE_JOINTS: Final = ("jaw", "left_eye_smplhf", "right_eye_smplhf")
HAND_JOINTS: Final = tuple(
    f"{side}_{finger}{number}"
    for side in ("left", "right")
    for finger in ("index", "middle", "pinky", "ring", "thumb")
    for number in (1, 2, 3)
)
JOINTS: Final = (*BODY_JOINTS, *FACE_JOINTS, *HAND_JOINTS)
_BODY, _FACE = len(BODY_JOINTS), len(FACE_JOINTS)
_HEAD: Final = BODY_JOINTS.index("head")
# Those of SMPL-H, with the joints of the face amid them.
JOINT_PARENTS: Final = (
    *PARENTS[:_BODY],
    *(_HEAD,) * _FACE,
    *(parent if parent < _BODY else parent + _FACE for parent in PARENTS[_BODY:]),
)
DRIVEN_JOINTS: Final = JOINTS[1:]  # whose rotations have pose corrections
PRODUCTS: Final = ("w*x", "w*y", "w*z", "x*x", "y*y", "z*z", "x*y", "x*z", "y*z")
PAIRS: Final = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))  # of the products without w
NEGLIGIBLE: Final = 1e-4


def entry_in_quaternion(entry: int, frame: Array) -> Array:
    """Factors (9,) of PRODUCTS that give one of the nine entries of a joint's rotation, less that
    of none, from the unit quaternion w, x, y, z of its bone in Blender; frame (3, 3) are the bone's
    axes at rest.
    """
    row, column = divmod(entry, 3)
    axes = SMPL_FROM_BODY @ frame  # turns the quaternion's vector v into SMPL-X's axes
    crossed = np.cross(np.eye(3)[column], np.eye(3)[row])  # of R - I = 2 (w [v] + v vᵀ - |v|² I)
    squares = np.outer(axes[row], axes[column]) - (row == column) * np.eye(3)
    mixed = [squares[i, j] + (i != j) * squares[j, i] for i, j in PAIRS]
    factors: Array = 2 * np.concatenate([crossed @ axes, mixed])
    return factors


def driver_expression(factors: Array) -> str:
    """Short enough for Blender, and simple enough to need no Python."""
    terms = [
        f"{factor:+.4f}*{product}"
        for factor, product in zip(factors, PRODUCTS, strict=True)
        if abs(factor) > NEGLIGIBLE
    ]
    return "".join(terms).removeprefix("+") or "0"
