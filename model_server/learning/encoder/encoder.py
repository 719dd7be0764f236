# SPDX-License-Identifier: GPL-3.0-or-later
"""The image encoder: picture, person mask and the detector's landmarks of one crop go in.

Out come heat maps of the 33 landmarks (a second opinion beside the detector's), maps of the 15
body parts, and a vector of context features. The landmarks enter as Gaussian maps weighted by
visibility, where the picture has been brought down to their resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from model_server.learning.encoder.config import MAP_PX, PARTS, EncoderConfig
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES

LANDMARK_SIGMA: Final = 1.5 / MAP_PX  # of the maps that tell the encoder where landmarks are
GUESS_SIZE: Final = LANDMARKS * 3 + JOINTS * 6 + PHENOTYPES


@dataclass(frozen=True)
class Encoded:
    """What the encoder says of B crops."""

    heat: Tensor  # (B, 33, M, M) logits, over the map of each landmark
    parts: Tensor  # (B, 1 + 15, M, M) logits, the first is "none of the person"
    features: Tensor  # (B, F)
    guess: Tensor  # (B, GUESS_SIZE) 3D landmarks, rotations, phenotypes: teaches the features


class Residual(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.inner_norm = nn.BatchNorm2d(width)
        self.outer = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.outer_norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.outer_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return silu(x + self.outer_norm(self.outer(silu(self.inner_norm(self.inner(x))))))


def down(inputs: int, outputs: int) -> nn.Sequential:
    """Half the resolution."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.SiLU(),
    )


class Encoder(nn.Module):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        fine, middle, coarse = config.widths
        blocks = [
            nn.Sequential(*(Residual(width) for _ in range(count)))
            for width, count in zip(config.widths, config.blocks, strict=True)
        ]
        self.stem = nn.Sequential(down(4, config.stem), down(config.stem, fine))
        self.told = nn.Conv2d(LANDMARKS, fine, 1)
        self.fine = blocks[0]
        self.middle = nn.Sequential(down(fine, middle), blocks[1])
        self.coarse = nn.Sequential(down(middle, coarse), blocks[2])
        self.from_coarse = nn.Conv2d(coarse, config.decoder, 1)
        self.from_middle = nn.Conv2d(middle, config.decoder, 1)
        self.from_fine = nn.Conv2d(fine, config.decoder, 1)
        self.joined = Residual(config.decoder)
        self.heads = nn.Conv2d(config.decoder, LANDMARKS + 1 + PARTS, 1)
        self.pool = nn.Conv2d(coarse, 32, 1)
        self.features = nn.Sequential(
            nn.Linear(32 * (MAP_PX // 4) ** 2 + coarse, 2 * config.features),
            nn.SiLU(),
            nn.Linear(2 * config.features, config.features),
        )
        self.guess = nn.Sequential(nn.SiLU(), nn.Linear(config.features, GUESS_SIZE))

    def forward(
        self, image: Tensor, mask: Tensor, landmarks: Tensor, visibility: Tensor
    ) -> Encoded:
        """image (B, 3, C, C) and mask (B, 1, C, C) in 0…1, landmarks (B, 33, 2) in crop sides
        (0…1 inside), visibility (B, 33).
        """
        seen = torch.cat([2 * image - 1, 2 * mask - 1], 1)
        fine = self.fine(self.stem(seen) + self.told(landmark_maps(landmarks, visibility)))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        up = self.from_middle(middle) + twice(self.from_coarse(coarse))
        maps = self.heads(self.joined(self.from_fine(fine) + twice(up)))
        pooled = torch.cat([silu(self.pool(coarse)).flatten(1), coarse.mean((2, 3))], 1)
        features = self.features(pooled)
        return Encoded(maps[:, :LANDMARKS], maps[:, LANDMARKS:], features, self.guess(features))


def twice(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode="nearest")


def landmark_maps(landmarks: Tensor, visibility: Tensor) -> Tensor:
    """Gaussians (B, 33, M, M) around landmarks (B, 33, 2) in crop sides, weighted by visibility."""
    centres = (torch.arange(MAP_PX, device=landmarks.device) + 0.5) / MAP_PX
    reach = ((centres - landmarks[..., None]) / LANDMARK_SIGMA).square().mul(-0.5).exp()
    x, y = reach.unbind(2)  # (B, 33, M) each
    return visibility[..., None, None] * y[..., :, None] * x[..., None, :]


def places(heat: Tensor) -> tuple[Tensor, Tensor]:
    """Heat map logits (B, L, M, M) → expected places (B, L, 2) in crop sides and how concentrated
    they are (B, L), 0…1.
    """
    chance = heat.flatten(2).softmax(2)
    centres = (torch.arange(MAP_PX, device=heat.device) + 0.5) / MAP_PX
    grid = chance.unflatten(2, (MAP_PX, MAP_PX))
    across, along = (grid.sum(2) * centres).sum(2), (grid.sum(3) * centres).sum(2)
    return torch.stack([across, along], 2), chance.amax(2)
