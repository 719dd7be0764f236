# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion in the form of the AMASS archive: SMPL-H's joints as rotation vectors, for other tools.

The joints turn away from a T-pose with straight legs; the world has z up, joints have the axes of
SMPL (x to the person's left, y up, z ahead). The shape is not SMPL's, so betas are zero and `trans`
is where the pelvis is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import ClipError
from ..rotations import quaternions_from_matrices
from .motion import Motion
from .mover import Mover
from .quaternions import between, inverse, logarithm, product

Array = npt.NDArray[Any]

BETAS: Final = 16
SMPL_FROM_BODY: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
UPPER: Final = (
    "root", "upperleg01.L", "upperleg01.R", "spine04", "lowerleg01.L", "lowerleg01.R", "spine03",
    "foot.L", "foot.R", "spine02", "toe3-1.L", "toe3-1.R", "neck01", "clavicle.L", "clavicle.R",
    "head", "upperarm01.L", "upperarm01.R", "lowerarm01.L", "lowerarm01.R", "wrist.L", "wrist.R",
)  # fmt: skip
FINGERS: Final = (2, 3, 5, 4, 1)  # index, middle, little, ring, thumb
JOINTS: Final = (
    *UPPER,
    *(f"finger{f}-{j}{side}" for side in (".L", ".R") for f in FINGERS for j in (1, 2, 3)),
)
# In the order of JOINTS, each joint's parent.
PARENTS: Final = (
    *(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19),
    *(
        wrist if joint == 0 else start + 3 * finger + joint - 1
        for wrist, start in ((20, 22), (21, 37))
        for finger in range(5)
        for joint in range(3)
    ),
)
# Limbs that a T-pose has straight: from which bone to which, and where they point.
STRAIGHT: Final[Mapping[str, tuple[str, tuple[float, float, float]]]] = {
    "upperleg01": ("lowerleg01", (0.0, 0.0, -1.0)),
    "lowerleg01": ("foot", (0.0, 0.0, -1.0)),
    "upperarm01": ("lowerarm01", (1.0, 0.0, 0.0)),
    "lowerarm01": ("wrist", (1.0, 0.0, 0.0)),
    "wrist": ("finger3-1", (1.0, 0.0, 0.0)),
}


def amass_arrays(motion: Motion, mover: Mover) -> dict[str, Array]:
    """What such a file holds; only for rigs with all of the body's bones."""
    if not mover.rig.is_the_bodys_own:
        raise ClipError("This rig has merged bones.", "Export a character with the MakeHuman rig.")
    place = {name: bone for bone, name in enumerate(mover.rig.bone_names)}
    turns = mover.skeleton.turns(motion.rotations_wxyz)[:, [place[name] for name in JOINTS]]
    heads = {name: mover.skeleton.heads[bone] for name, bone in place.items()}
    away = product(turns, _from_t_pose(heads))
    local = product(inverse(away[:, [max(parent, 0) for parent in PARENTS]]), away)
    axes = quaternions_from_matrices(SMPL_FROM_BODY)
    poses = logarithm(product(product(axes, local), inverse(axes)))
    poses[:, 0] = logarithm(product(away[:, 0], inverse(axes)))
    return {
        "poses": poses.reshape(len(poses), -1).astype(np.float32),
        "trans": motion.root_m.astype(np.float32),
        "betas": np.zeros(BETAS, np.float32),
        "gender": np.array("neutral"),
        "mocap_framerate": np.array(motion.fps),
    }


def turns_of_joints(local_wxyz: Array, heads: Mapping[str, Array] | None) -> Array:
    """Inverse of what amass_arrays does to the bones that are joints of SMPL-H.

    local_wxyz (F, 52, 4), unit WXYZ, has SMPL's own axes: of each joint away from its parent in the
    T-pose, of the pelvis to the world. heads (3,) are those of the body's bones at rest, metres,
    body frame; None of a body that rests in that T-pose. Returns turns (F, 52, 4) away from rest,
    to the same world; nothing is raised.
    """
    axes = quaternions_from_matrices(SMPL_FROM_BODY)
    local = product(product(inverse(axes), local_wxyz), axes)
    away = np.empty_like(local)
    away[:, 0] = product(local_wxyz[:, 0], axes)
    for joint, parent in enumerate(PARENTS[1:], start=1):
        away[:, joint] = product(away[:, parent], local[:, joint])
    return away if heads is None else product(away, inverse(_from_t_pose(heads)))


def _from_t_pose(heads: Mapping[str, Array]) -> Array:
    """The turns (52, 4) that bring the joints' bones from a T-pose to where they are at rest."""
    return np.stack([_limb_from_t_pose(joint, heads) for joint in JOINTS])


def _limb_from_t_pose(joint: str, heads: Mapping[str, Array]) -> Array:
    kind, side = (joint[:-2], joint[-2:]) if joint.endswith((".L", ".R")) else (joint, "")
    kind = "wrist" if kind.startswith("finger") else kind
    if kind not in STRAIGHT:
        return np.array([1.0, 0.0, 0.0, 0.0])
    end, (x, y, z) = STRAIGHT[kind]
    points = np.array([-x if side == ".R" else x, y, z])
    return between(points, heads[end + side] - heads[kind + side])
