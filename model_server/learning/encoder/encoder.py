# SPDX-License-Identifier: GPL-3.0-or-later
"""The encoder of bodies: a person's picture and mask to heat maps of the 33 landmarks, maps of the
15 body parts and context features.

The maps come from layers of our own. The features are also made of what the detector's landmark
network sees in the picture before it says where landmarks are: it was taught on real photos, of
which we have none with labels. Its layers are taken from mediapipe's wheel as they are, and see
people as they were taught to, upright and about the hips.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from model_server.bundles import network_in_wheel
from model_server.learning.encoder.config import PARTS, EncoderConfig
from model_server.learning.encoder.crop_encoder import CropContents, CropEncoder, Encoded
from model_server.learning.encoder.tflite_network import TfliteNetwork
from model_server.learning.network.descent import EVIDENCE_SIZE
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES
from model_server.learning.runs import load

GUESS_SIZE: Final = LANDMARKS * 3 + JOINTS * 6 + PHENOTYPES  # 3D landmarks, rotations, phenotypes
TRUNK: Final = "pose_landmark/pose_landmark_full.tflite"
NEAR, FAR = 300, 335  # its last maps of 8 x 8 and of 2 x 2 cells
TRUNK_CHANNELS: Final = 288
NEAR_CELLS, FAR_CELLS = 64, 4
CONDENSED: Final = 24  # channels of the former that the features are made of
CONTENTS: Final = CropContents(
    channels=4,
    landmarks=LANDMARKS,
    classes=1 + PARTS,
    guess=GUESS_SIZE,
    beside=CONDENSED * NEAR_CELLS + TRUNK_CHANNELS * FAR_CELLS,
)
GUESS_HIDDEN: Final = 512


@dataclass(frozen=True)
class Insight:
    """What features are made of, for B crops."""

    pooled: Tensor  # (B, P) from layers of our own
    near: Tensor  # (B, 288, 8, 8) from the detector's
    far: Tensor  # (B, 288, 2, 2) from the detector's, further on


class Encoder(CropEncoder):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config, CONTENTS)
        self.trunk = TfliteNetwork(network_in_wheel(TRUNK), (NEAR, FAR)).requires_grad_(False)
        self.condense = nn.Conv2d(TRUNK_CHANNELS, CONDENSED, 1)
        # The guess is told what the detector says, so that features carry what it does not say.
        self.guess = nn.Sequential(
            nn.Linear(config.features + EVIDENCE_SIZE, GUESS_HIDDEN),
            nn.SiLU(),
            nn.Linear(GUESS_HIDDEN, GUESS_HIDDEN),
            nn.SiLU(),
            nn.Linear(GUESS_HIDDEN, GUESS_SIZE),
        )

    def forward(
        self,
        image: Tensor,
        mask: Tensor,
        view: Tensor,
        landmarks: Tensor,
        visibility: Tensor,
        told: Tensor | None = None,
    ) -> Encoded:
        """image (B, 3, C, C), mask (B, 1, C, C) and view (B, 3, V, V) in 0…1, landmarks (B, 33, 2)
        in crop sides (0…1 inside), visibility (B, 33), told (B, EVIDENCE_SIZE) what the detector
        says, for the guess.
        """
        heat, parts, insight = self.gain_insight(image, mask, view, landmarks, visibility)
        features = self.features_of(insight)
        told = features.new_zeros(len(features), EVIDENCE_SIZE) if told is None else told
        return Encoded(heat, parts, features, self.guess_of(features, told))

    def gain_insight(
        self, image: Tensor, mask: Tensor, view: Tensor, landmarks: Tensor, visibility: Tensor
    ) -> tuple[Tensor, Tensor, Insight]:
        """Heat maps, part maps and insight into crops as `forward` takes them."""
        seen = torch.cat([2 * image - 1, 2 * mask - 1], 1)
        heat, parts, pooled = self.look(seen, landmarks, visibility)
        return heat, parts, Insight(pooled, *self.trunk(view))

    def features_of(self, insight: Insight) -> Tensor:
        """The features (B, F)."""
        near = nn.functional.silu(self.condense(insight.near))
        seen = [insight.pooled, near.flatten(1), insight.far.flatten(1)]
        return self.features(torch.cat(seen, 1))  # type: ignore[no-any-return]

    def guess_of(self, features: Tensor, told: Tensor) -> Tensor:
        """The guess (B, GUESS_SIZE) of somebody who knows the features (B, F) and is told (B,
        EVIDENCE_SIZE) what the detector says.
        """
        return self.guess(torch.cat([features, told], 1))  # type: ignore[no-any-return]


def load_encoder(path: Path) -> Encoder:
    """The averaged encoder of a checkpoint, ready to be asked."""
    saved = load(path)
    encoder = Encoder(EncoderConfig(**saved["config"]["encoder"]))
    encoder.load_state_dict(saved["averaged"])
    return encoder.eval()
