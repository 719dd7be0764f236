# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the facial actions that ARKit's faces, and HUND's, are made of."""

from __future__ import annotations

from typing import Final

_SIDED: Final = (
    *("browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn"),
    *("eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown"),
    *("mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer"),
    *("jaw", "mouth"),  # these go to a side
)
_MIDDLE: Final = (
    *("browInnerUp", "cheekPuff", "jawForward", "jawOpen", "mouthClose", "mouthFunnel"),
    *("mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    "tongueOut",
)
ACTIONS: Final = (*_MIDDLE, *(name + side for name in _SIDED for side in ("Left", "Right")))
