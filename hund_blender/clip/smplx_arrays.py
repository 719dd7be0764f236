# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion in the parameters of SMPL-X, by the names that the `smplx` package gives them.

The world is that of a camera that looks ahead: x right, y down, z forward, as other tools have it
that speak of photos.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..axes import BLENDER_FROM_CAM
from ..body import Body
from ..errors import ClipError
from ..rigs import SMPLX
from ..rotations import quaternions_from_matrices
from ..smplx import (
    BODY_JOINTS,
    FACE_JOINTS,
    HAND_JOINTS,
    JOINT_PARENTS,
    JOINTS,
)
from .amass import SMPL_FROM_BODY
from .motion import Motion
from .mover import Mover
from .quaternions import exponential, inverse, logarithm, normalised, product

Array = npt.NDArray[Any]

BODY: Final = slice(1, len(BODY_JOINTS))
FACE: Final = slice(BODY.stop, BODY.stop + len(FACE_JOINTS))
HANDS: Final = slice(FACE.stop, len(JOINTS))
PELVIS: Final = "pelvis.L"  # the body's bone that begins where the pelvis of SMPL-X does


def smplx_arrays(motion: Motion, mover: Mover) -> dict[str, Array]:
    """What such a file holds: rotation vectors in radians, hands flat at zero, metres; only for
    characters with the rig of SMPL-X.
    """
    rig, skeleton = mover.rig, mover.skeleton
    if rig.key != SMPLX:
        raise ClipError("This rig is not that of SMPL-X.", "Export a character with that rig.")
    turns = skeleton.turns(normalised(motion.rotations_wxyz))
    heads = skeleton.placed(turns, motion.root_m)
    joints = turns[:, [rig.bone_names.index(name) for name in JOINTS]]
    local = product(inverse(joints[:, [max(parent, 0) for parent in JOINT_PARENTS]]), joints)
    local[:, FACE] = product(_face_turns(rig.body, motion.facial_actions), local[:, FACE])
    axes = quaternions_from_matrices(SMPL_FROM_BODY)
    local = product(product(axes, local), inverse(axes))
    cam_from_world = BLENDER_FROM_CAM.T
    upright = product(quaternions_from_matrices(cam_from_world), joints[:, 0])
    local[:, 0] = product(upright, inverse(axes))
    betas = rig.body.coefficients_of(mover.rest)
    pelvis = heads[:, rig.bone_names.index(BODY_JOINTS[0])] @ cam_from_world.T
    vectors = logarithm(local)
    count, hand = len(vectors), len(HAND_JOINTS) // 2
    arrays = {
        "betas": betas,
        "global_orient": vectors[:, 0],
        "body_pose": vectors[:, BODY].reshape(count, -1),
        "left_hand_pose": vectors[:, HANDS][:, :hand].reshape(count, -1),
        "right_hand_pose": vectors[:, HANDS][:, hand:].reshape(count, -1),
        "jaw_pose": vectors[:, FACE.start],
        "leye_pose": vectors[:, FACE.start + 1],
        "reye_pose": vectors[:, FACE.start + 2],
        "expression": motion.facial_actions @ rig.body.arrays["face_expressions"],
        "transl": pelvis - SMPL_FROM_BODY @ _pelvis_at_rest(rig.body, betas),
        "fps": np.array(motion.fps),
    }
    return {name: values.astype(np.float32) for name, values in arrays.items()}


def _face_turns(body: Body, facial_actions: Array) -> Array:
    """How jaw and eyes (F, 3, 4) turn by facial actions (F, A), body axes."""
    return exponential(np.tensordot(facial_actions, body.arrays["face_turns_rad"], 1))


def _pelvis_at_rest(body: Body, betas: Array) -> Array:
    """Where (3,) the model's file has it, body axes."""
    pelvis = body.bone_names.index(PELVIS)
    place: Array = body.arrays["bone_heads"][pelvis] + (
        betas @ body.arrays["shape_bone_heads"][:, pelvis]
    )
    return place
