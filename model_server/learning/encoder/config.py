# SPDX-License-Identifier: GPL-3.0-or-later
"""What defines an image encoder; saved in its checkpoint and in the exported graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from model_server.learning.body.parts import PART_NAMES

MAP_PX: Final = 32  # side of its heat maps and part maps
PARTS: Final = len(PART_NAMES)


@dataclass(frozen=True)
class EncoderConfig:
    stem: int = 32  # channels at half the crop's resolution
    widths: tuple[int, int, int] = (64, 96, 192)  # at 32, 16 and 8 pixels
    blocks: tuple[int, int, int] = (1, 2, 3)  # residual blocks there
    decoder: int = 64  # channels of the maps' way back up
    hidden: int = 320  # width between what is seen and the features
    features: int = 256  # context for the descent
