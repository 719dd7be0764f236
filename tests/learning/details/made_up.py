# SPDX-License-Identifier: GPL-3.0-or-later
"""A lesson about three coloured dots, for what does not depend on hands or faces."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from model_server.learning.details.crops import (
    Cuts,
    DetailCrops,
    DetailPictures,
    cut_pictures,
    mirrored,
    mirrored_places,
)
from model_server.learning.encoder.crop_encoder import CropContents, Encoded
from model_server.learning.encoder.heat import heat_terms
from model_server.learning.samples.picture_files import jpeg_of
from model_server.squares import square_around

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
PICTURE_PX = 200


@dataclass(frozen=True)
class DotAnswers:
    places: Tensor  # (B, 3, 2)


@dataclass(frozen=True)
class DotLesson:
    pictures: DetailPictures
    mirror: list[int] | None = None

    contents = CropContents(channels=3, landmarks=3, classes=0, guess=2)

    def drawn(
        self, rows: np.ndarray, rng: np.random.Generator | None
    ) -> tuple[DetailCrops, DotAnswers]:
        cuts: Cuts = cut_pictures(self.pictures, rows, rng)
        if self.mirror is not None and rng is not None and rng.random() < 0.5:
            places = mirrored_places(cuts.places, self.mirror)
            return mirrored(cuts.crops, self.mirror), DotAnswers(places)
        return cuts.crops, DotAnswers(cuts.places)

    def terms(self, encoded: Encoded, answers: DotAnswers) -> dict[str, Tensor]:
        return heat_terms(encoded.heat, answers.places)


def dots(count: int, mirror: list[int] | None = None) -> DotLesson:
    """Dots that the detector sees some pixels beside where they are."""
    rng = np.random.default_rng(7)
    px = rng.uniform(50, 150, (count, 3, 2)).astype(np.float32)
    seen = (px + rng.normal(0, 4, px.shape)).astype(np.float32)
    squares = [square_around(points, rng.normal(size=2), 2.0) for points in seen]
    jpegs = [jpeg_of(picture_of(points)) for points in px]
    return DotLesson(DetailPictures(jpegs, np.stack(squares), seen, px), mirror)


def picture_of(points: np.ndarray) -> np.ndarray:
    image = np.full((PICTURE_PX, PICTURE_PX, 3), 60, np.uint8)
    for (x, y), colour in zip(points, COLOURS, strict=True):
        cv2.circle(image, (round(float(x - 0.5)), round(float(y - 0.5))), 5, colour, -1)
    return image


def dots_seen(image: Tensor) -> Tensor:
    """Where the dots are in crops (B, 3, C, C): (B, 3, 2), in crop sides."""
    size = image.shape[-1]
    middles = (torch.arange(size) + 0.5) / size
    clear = (image.float() - 120).clamp(min=0)
    weight = clear / clear.sum((2, 3), keepdim=True)
    return torch.stack([(weight.sum(2) * middles).sum(2), (weight.sum(3) * middles).sum(2)], 2)
