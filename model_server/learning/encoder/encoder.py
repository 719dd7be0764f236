# SPDX-License-Identifier: GPL-3.0-or-later
"""The encoder of bodies: the crop's picture and person mask to heat maps of the 33 landmarks, maps
of the 15 body parts and context features.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from model_server.learning.encoder.config import PARTS, EncoderConfig
from model_server.learning.encoder.crop_encoder import CropContents, CropEncoder, Encoded
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES

GUESS_SIZE: Final = LANDMARKS * 3 + JOINTS * 6 + PHENOTYPES  # 3D landmarks, rotations, phenotypes
CONTENTS: Final = CropContents(channels=4, landmarks=LANDMARKS, classes=1 + PARTS, guess=GUESS_SIZE)


class Encoder(CropEncoder):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config, CONTENTS)

    def forward(
        self, image: Tensor, mask: Tensor, landmarks: Tensor, visibility: Tensor
    ) -> Encoded:
        """image (B, 3, C, C) and mask (B, 1, C, C) in 0…1, landmarks (B, 33, 2) in crop sides
        (0…1 inside), visibility (B, 33).
        """
        return self.encode(torch.cat([2 * image - 1, 2 * mask - 1], 1), landmarks, visibility)
