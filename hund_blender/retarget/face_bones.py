# SPDX-License-Identifier: GPL-3.0-or-later
"""Jaws and eyes that are bones: how facial actions turn them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .anatomy import LEFTWARD, UPWARD
from .turns import about

Array = npt.NDArray[Any]

# How far an action at 1 turns a bone about the body's leftward and upward axes, in degrees: jaws
# and eyes point to the front, so the first lowers them, the second turns them to the left.
TURNED: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = {
    "jaw": {"jawOpen": (18.0, 0.0), "jawLeft": (0.0, 6.0), "jawRight": (0.0, -6.0)},
    "eye.L": {
        "eyeLookDownLeft": (25.0, 0.0),
        "eyeLookUpLeft": (-25.0, 0.0),
        "eyeLookOutLeft": (0.0, 30.0),
        "eyeLookInLeft": (0.0, -30.0),
    },
    "eye.R": {
        "eyeLookDownRight": (25.0, 0.0),
        "eyeLookUpRight": (-25.0, 0.0),
        "eyeLookInRight": (0.0, 30.0),
        "eyeLookOutRight": (0.0, -30.0),
    },
}


def face_bone_turns(actions: Mapping[str, Array], head: Array) -> dict[str, Array]:
    """Turns (F, 1, 3, 3) by slot of the bones that any of the actions (F,) is for, on a head that
    turns (F, 3, 3).
    """
    found = {}
    for slot, parts in TURNED.items():
        named = parts.keys() & actions.keys()
        if named:
            lowered, aside = np.radians(sum(np.outer(parts[a], actions[a]) for a in named))
            found[slot] = (head @ about(UPWARD, aside) @ about(LEFTWARD, lowered))[:, None]
    return found
