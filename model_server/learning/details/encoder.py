# SPDX-License-Identifier: GPL-3.0-or-later
"""The encoder of hands and faces: the body's, smaller, without a mask."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from model_server.learning.encoder.config import EncoderConfig
from model_server.learning.encoder.crop_encoder import CropEncoder, Encoded

FEATURES: Final = 64
SMALL: Final = EncoderConfig(
    stem=24, widths=(40, 64, 128), blocks=(1, 2, 2), decoder=40, hidden=128, features=FEATURES
)


class DetailEncoder(CropEncoder):
    def forward(self, image: Tensor, landmarks: Tensor, told: Tensor) -> Encoded:
        """image (B, 3, C, C) in 0…1, landmarks (B, L, 2) in crop sides (0…1 inside), told (B, L) 0
        where the encoder is not told of a landmark, else 1.
        """
        return self.encode(2 * image - 1, landmarks, told)
