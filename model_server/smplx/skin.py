# SPDX-License-Identifier: GPL-3.0-or-later
"""The skin of an SMPL-X model on the bones of our body: each joint's weight, shared by its bones.

Summed up by joint the weights are the model's own.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.smplx.joints import GROUPS, JAW_BONE, JOINTS
from model_server.smplx.our_body import WEIGHT_UNIT, OurBody
from model_server.smplx.registration import Registration

Array = NDArray[np.float64]

CARRIERS: Final = 16  # bones of one vertex, at most
_TOLD: Final = 1e-3  # of our own weights: less does not tell how to share


def shared_weights(body: OurBody, registration: Registration) -> Array:
    """(V, B + 1) rows sum to 1; the jaw is the last bone."""
    names = [*body.bone_names, JAW_BONE]
    ours = registration.points.of(body.skin_weights())
    ours = np.concatenate([ours, np.zeros((len(ours), 1))], 1)
    weights = np.zeros_like(ours)
    for joint, name in enumerate(JOINTS):
        bones = [names.index(bone) for bone in GROUPS[name]]
        sums = ours[:, bones].sum(1, keepdims=True)
        first = np.eye(len(bones))[0]
        shares = np.where(sums > _TOLD, ours[:, bones] / np.maximum(sums, _TOLD), first)
        weights[:, bones] = registration.model.weights[:, joint, None] * shares
    return weights


def packed_weights(weights: Array) -> tuple[NDArray[Any], NDArray[Any]]:
    """Bones (V, N) u8 and weights (V, N) u16 whose rows sum to 65535."""
    bones = np.argsort(-weights, axis=1, kind="stable")[:, :CARRIERS]
    kept = np.take_along_axis(weights, bones, 1)
    whole = np.rint(kept / kept.sum(1, keepdims=True) * WEIGHT_UNIT).astype(np.int64)
    whole[:, 0] += WEIGHT_UNIT - whole.sum(1)
    return bones.astype(np.uint8), whole.astype(np.uint16)
