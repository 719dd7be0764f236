# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose assets tell which bones they are for, so that they can go onto rigs with other bones."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..bones import DrawnBones
from ..compat import channels_of
from ..retarget.channels import QUATERNION, BoneState
from ..retarget.description import RigDescription
from ..retarget.forward import forward
from .source_motion import basis_of

Array = npt.NDArray[Any]

REST: Final = "hund_rest"  # on actions: the bones at rest, as JSON
DIGITS: Final = 6


def keep_rest(action: Any, bones: DrawnBones) -> None:
    """Write into a pose asset what bones it is for."""
    kept = {
        "names": bones.names,
        "parents": bones.parents,
        "heads": bones.heads.round(DIGITS).tolist(),
        "tails": bones.tails.round(DIGITS).tolist(),
        "frames": bones.frames[:, :3, :3].round(DIGITS).tolist(),
    }
    action[REST] = json.dumps(kept, separators=(",", ":"))


def asset_rig(action: Any) -> RigDescription | None:
    """The rig that a pose asset is for, if it tells."""
    if REST not in action:
        return None
    kept = json.loads(action[REST])
    count = len(kept["names"])
    return RigDescription(
        names=tuple(kept["names"]),
        parents=tuple(kept["parents"]),
        heads=np.array(kept["heads"]),
        tails=np.array(kept["tails"]),
        frames=np.array(kept["frames"]),
        deform=np.ones(count, bool),
        driven=np.zeros(count, bool),
        follows=np.ones(count, bool),
        up=np.array([0.0, 0.0, 1.0]),
    )


def asset_motion(action: Any, rig: RigDescription, frames: Array) -> Array:
    """The bones' matrices (F, B, 4, 4) of a pose asset."""
    states = dict.fromkeys(rig.names, AT_REST)
    return forward(rig, basis_of(states, channels_of(action, "OBJECT"), frames))


AT_REST: Final = BoneState(
    mode=QUATERNION,
    rotation=np.array([1.0, 0.0, 0.0, 0.0]),
    location=np.zeros(3),
    scale=np.ones(3),
    rotation_locks=np.zeros(3, bool),
    w_lock=False,
    locks_4d=False,
    location_locks=np.zeros(3, bool),
    location_axes=np.eye(3),
)
