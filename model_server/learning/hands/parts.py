# SPDX-License-Identifier: GPL-3.0-or-later
"""What the part maps of hands tell apart: palm and fingers of the hand that is looked at, and
everything else of the person, the other hand included.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from model_server.hands import Side
from model_server.learning.body.parts import part_names

HAND_PARTS: Final = ("palm", "thumb", "index", "middle", "ring", "pinky")
PARTS: Final = len(HAND_PARTS) + 1  # the last is the rest of the person
PARTS_PX: Final = 128  # side of a stored part map
# The renderer's table: a bone belongs to its nearest ancestor-or-self named here.
PART_OF_BONE: Final[dict[str, str]] = {
    "root": "elsewhere",
    **{
        f"{bone}.{letter}": f"{part}_{side}"
        for side, letter in (("left", "L"), ("right", "R"))
        for bone, part in zip(
            ("wrist", *(f"finger{i}-1" for i in range(1, 6))), HAND_PARTS, strict=True
        )
    },
}
_NAMES: Final = part_names(PART_OF_BONE)


def shown_parts(rendered: np.ndarray, side: Side) -> np.ndarray:
    """A rendered part map (S, S) → (128, 128) uint8 of one of the hands: 0 none of the person, 1 +
    index into `HAND_PARTS`, `PARTS` elsewhere on the person.
    """
    numbers = np.full(1 + len(_NAMES), PARTS, np.uint8)
    numbers[0] = 0
    for index, part in enumerate(HAND_PARTS):
        numbers[1 + _NAMES.index(f"{part}_{side}")] = 1 + index
    step = rendered.shape[0] // PARTS_PX
    return numbers[rendered[step // 2 :: step, step // 2 :: step]]
