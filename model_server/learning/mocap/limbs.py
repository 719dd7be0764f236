# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-boned limbs: from where they point, or where they end, to rotations."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from model_server.learning.mocap import so3
from model_server.learning.mocap.reference import Reference
from model_server.learning.mocap.so3 import Array

RAISED_SHOULDER: Final = np.radians(24.0)  # of a clavicle below an arm held straight up
REACHING_SHOULDER: Final = np.radians(14.0)  # of a clavicle behind an arm held straight ahead


@dataclass(frozen=True)
class Limb:
    """A limb in the reference pose, body frame, metres."""

    start: Array  # (3,) shoulder or hip
    upper: Array  # (3,) shoulder to elbow, hip to knee
    lower: Array  # (3,) elbow to wrist, knee to ankle

    @classmethod
    def of(cls, reference: Reference, upper: str, lower: str, end: str) -> "Limb":
        start = reference.heads[reference.names.index(upper)]
        return cls(start, reference.direction(upper, lower), reference.direction(lower, end))

    @property
    def hinge(self) -> Array:
        """(3,) unit axis about which the joint folds."""
        return so3.normalised(np.cross(self.upper, self.lower))


def pointing(limb: Limb, upper: Array, lower: Array, hinge: Array) -> tuple[Array, Array]:
    """World rotations (..., 3, 3) of both bones along `upper`, `lower` (..., 3), and `hinge`."""
    return (
        so3.frame(upper, hinge) @ so3.frame(limb.upper, limb.hinge).T,
        so3.frame(lower, hinge) @ so3.frame(limb.lower, limb.hinge).T,
    )


def reaching(limb: Limb, target: Array, pole: Array) -> tuple[Array, Array]:
    """Rotations (..., 3, 3) that bring the limb's end to `target`, its middle joint towards `pole`,
    (..., 3).

    `target` is relative to the limb's start, in metres; one out of reach is approached as near as
    the limb bends.
    """
    first, second = np.linalg.norm(limb.upper), np.linalg.norm(limb.lower)
    distance = np.linalg.norm(target, axis=-1, keepdims=True)
    towards = so3.normalised(target)
    pole = so3.normalised(pole - np.einsum("...i,...i->...", pole, towards)[..., None] * towards)
    reach = np.clip(distance, 0.28 * (first + second), 0.999 * (first + second))
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    beside = np.sqrt(np.maximum(first**2 - along**2, 0.0))
    upper = along * towards + beside * pole
    return pointing(limb, upper, reach * towards - upper, np.cross(pole, towards))


def shoulder_rhythm(arm: Array, side: str) -> Array:
    """What an upper arm along `arm` (..., 3), chest axes, does to its clavicle."""
    sign = 1.0 if side == ".L" else -1.0
    outward, ahead, above = sign * arm[..., 0], -arm[..., 1], arm[..., 2]
    lift = RAISED_SHOULDER * np.clip((above + 0.5) / 1.5, 0, 1)
    reach = REACHING_SHOULDER * np.clip(ahead, 0, 1) * np.clip(1.2 - outward, 0, 1)
    zero = np.zeros_like(lift)
    return so3.from_rotvec(-sign * np.stack([zero, lift, reach], -1))
