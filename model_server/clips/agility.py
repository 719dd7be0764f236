# SPDX-License-Identifier: GPL-3.0-or-later
"""How people move, and how well single frames tell it: plain data for `smoothing`.

How fast turns change is that of recorded people (means over the training clips of the mocap
library, per bone); rotations are quaternions, so a unit is two radians.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from model_server.clips.smoothing import Agility

# By the start of the bone's name: spectral density of the acceleration (1/s³), and the deviation of
# a frame that sees the bone clearly.
_BONES: Final[dict[str, tuple[float, float]]] = {
    "root": (4.8, 0.02),
    "upperleg": (13.0, 0.03),
    "lowerleg": (10.0, 0.03),
    "foot": (29.0, 0.05),
    "spine": (0.7, 0.015),
    "neck": (1.6, 0.02),
    "head": (1.6, 0.025),
    "clavicle": (0.2, 0.02),
    "upperarm": (12.0, 0.035),
    "lowerarm01": (4.0, 0.03),
    "lowerarm02": (3.7, 0.05),
    "wrist": (7.4, 0.05),
    "finger": (7.4, 0.06),
}
ACROSS: Final = Agility(np.array([0.8]), np.array([0.01]))  # metres, where somebody is in the view
AWAY: Final = Agility(np.array([0.8]), np.array([0.06]))  # metres, how far away
FACE: Final = Agility(np.array([30.0]), np.array([0.1]))  # facial actions


def agility_of(bones: Sequence[str]) -> Agility:
    rows = [next(v for start, v in _BONES.items() if bone.startswith(start)) for bone in bones]
    restless, noise = np.array(rows).T
    return Agility(restless, noise)
