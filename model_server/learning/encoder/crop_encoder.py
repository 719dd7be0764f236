# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that reads crops, of bodies, hands and faces alike: a picture and the detector's
landmarks go in.

Out come heat maps of the landmarks (a second opinion beside the detector's), part maps, and a
vector of context features. The landmarks enter as Gaussian maps weighted by visibility, where the
picture has been brought down to their resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from model_server.learning.encoder.config import MAP_PX, EncoderConfig
from model_server.learning.encoder.heat import landmark_maps

POOLED: Final = 32  # channels of the coarse map that the features are made of


@dataclass(frozen=True)
class CropContents:
    """What crops consist of, and what is asked of them."""

    channels: int  # 3 for a picture, more for masks beside it
    landmarks: int
    classes: int  # of the part maps, the first for "none of it"; 0 where there are no part maps
    guess: int  # numbers that teach the features
    beside: int = 0  # numbers that others saw in the crops, read with what is seen here


@dataclass(frozen=True)
class Encoded:
    """What the encoder says of B crops."""

    heat: Tensor  # (B, L, M, M) logits, over the map of each landmark
    parts: Tensor  # (B, classes, M, M) logits
    features: Tensor  # (B, F)
    guess: Tensor  # (B, G)


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


class CropEncoder(nn.Module):
    def __init__(self, config: EncoderConfig, contents: CropContents) -> None:
        super().__init__()
        self.config = config
        self.contents = contents
        fine, middle, coarse = config.widths
        blocks = [
            nn.Sequential(*(Residual(width) for _ in range(count)))
            for width, count in zip(config.widths, config.blocks, strict=True)
        ]
        self.stem = nn.Sequential(down(contents.channels, config.stem), down(config.stem, fine))
        self.told = nn.Conv2d(contents.landmarks, fine, 1)
        self.fine = blocks[0]
        self.middle = nn.Sequential(down(fine, middle), blocks[1])
        self.coarse = nn.Sequential(down(middle, coarse), blocks[2])
        self.from_coarse = nn.Conv2d(coarse, config.decoder, 1)
        self.from_middle = nn.Conv2d(middle, config.decoder, 1)
        self.from_fine = nn.Conv2d(fine, config.decoder, 1)
        self.joined = Residual(config.decoder)
        self.heads = nn.Conv2d(config.decoder, contents.landmarks + contents.classes, 1)
        self.pool = nn.Conv2d(coarse, POOLED, 1)
        self.pooled = POOLED * (MAP_PX // 4) ** 2 + coarse
        self.features = nn.Sequential(
            nn.Linear(self.pooled + contents.beside, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, config.features),
        )
        self.guess = nn.Sequential(nn.SiLU(), nn.Linear(config.features, contents.guess))

    def encode(self, seen: Tensor, landmarks: Tensor, visibility: Tensor) -> Encoded:
        """What is seen in crops, as `look` takes them."""
        heat, parts, pooled = self.look(seen, landmarks, visibility)
        features = self.features(pooled)
        return Encoded(heat, parts, features, self.guess(features))

    def look(
        self, seen: Tensor, landmarks: Tensor, visibility: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Heat maps, part maps and what the features are made of (B, `pooled`).

        seen (B, channels, C, C) in -1…1, landmarks (B, L, 2) in crop sides (0…1 inside),
        visibility (B, L).
        """
        fine = self.fine(self.stem(seen) + self.told(landmark_maps(landmarks, visibility)))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        up = self.from_middle(middle) + twice(self.from_coarse(coarse))
        maps = self.heads(self.joined(self.from_fine(fine) + twice(up)))
        pooled = torch.cat([silu(self.pool(coarse)).flatten(1), coarse.mean((2, 3))], 1)
        heat, parts = maps.split([self.contents.landmarks, self.contents.classes], 1)
        return heat, parts, pooled


def twice(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode="nearest")
