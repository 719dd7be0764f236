# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of hands or faces to batches of crops, displaced where that is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model_server.detail_crop import DETAIL_PX
from model_server.learning.samples.picture_files import image_of
from model_server.squares import cut_square, in_square

SHIFT: Final = 0.05  # random displacement of crops, in their sides
GROW: Final = 0.1  # and their random growth, as a logarithm
ROLL: Final = 0.2  # and turn, radians
UNTOLD: Final = 0.15  # of the crops come without the detector's landmarks
UNTOLD_LANDMARKS: Final = 0.05  # and of the landmarks of the others


@dataclass(frozen=True)
class DetailPictures:
    """N pictures, still encoded, and what is where in their pixels."""

    jpegs: list[np.ndarray]
    squares: np.ndarray  # (N, 2, 3) what the encoder sees of them
    landmarks_px: np.ndarray  # (N, L, 2) detected
    places_px: np.ndarray  # (N, L, 2) true

    def __len__(self) -> int:
        return len(self.jpegs)


@dataclass(frozen=True)
class DetailCrops:
    """B crops as the encoder sees them."""

    image: Tensor  # (B, 3, C, C) uint8
    landmarks: Tensor  # (B, L, 2) detected, in crop sides
    told: Tensor  # (B, L) 0 where the encoder is not told of a landmark, else 1


@dataclass(frozen=True)
class Cuts:
    """B crops and where they were cut."""

    crops: DetailCrops
    places: Tensor  # (B, L, 2) true, in crop sides
    squares: np.ndarray  # (B, 2, 3)
    roll: Tensor  # (B,) how far the squares are turned away from upright, from x to y, radians


def cut_pictures(
    pictures: DetailPictures, rows: np.ndarray, rng: np.random.Generator | None
) -> Cuts:
    """Some of the pictures' crops; with a generator displaced, at times untold."""
    squares, roll = pictures.squares[rows], np.zeros(len(rows))
    if rng is not None:
        roll = rng.normal(0, ROLL, len(rows))
        moves = (displacement(angle, rng) for angle in roll)
        squares = np.stack([displaced(s, move) for s, move in zip(squares, moves, strict=True)])
    images = []
    for row, square in zip(rows, squares, strict=True):
        images.append(cut_square(image_of(pictures.jpegs[row]), square, DETAIL_PX))
    landmarks, places = (
        in_squares(squares, px[rows]) for px in (pictures.landmarks_px, pictures.places_px)
    )
    image = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()
    told = told_of(landmarks.shape[:2], rng)
    return Cuts(
        DetailCrops(image, landmarks, told), places, squares, torch.from_numpy(roll).float()
    )


def in_squares(squares: np.ndarray, px: np.ndarray) -> Tensor:
    """Pixels (B, L, 2) in the sides of squares (B, 2, 3)."""
    pairs = zip(squares, px, strict=True)
    return torch.from_numpy(np.stack([in_square(*pair) for pair in pairs])).float()


def displacement(roll: float, rng: np.random.Generator) -> np.ndarray:
    """A map (3, 3) of a square's places about its middle: turned, grown, and moved at random."""
    size = np.exp(rng.normal(0, GROW))
    cosine, sine = size * np.cos(roll), size * np.sin(roll)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    middle = 0.5 + rng.normal(0, SHIFT, 2)
    return np.vstack([np.column_stack([linear, middle - linear @ [0.5, 0.5]]), [0, 0, 1]])


def displaced(square: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    return square @ displacement


def told_of(shape: tuple[int, ...], rng: np.random.Generator | None) -> Tensor:
    """Of which landmarks (B, L) the encoder is told."""
    told = np.ones(shape, np.float32)
    if rng is not None:
        told *= rng.random(shape) > UNTOLD_LANDMARKS
        told *= rng.random((shape[0], 1)) > UNTOLD
    return torch.from_numpy(told)


def mirrored(crops: DetailCrops, order: list[int]) -> DetailCrops:
    """The same crops in mirrored pictures; `order` (L,) puts each landmark's partner in its
    place.
    """
    return DetailCrops(
        crops.image.flip(3), mirrored_places(crops.landmarks, order), crops.told[:, order]
    )


def mirrored_places(places: Tensor, order: list[int]) -> Tensor:
    """Places (B, L, 2) in crop sides, in the mirrored crop."""
    return torch.tensor([1.0, 0.0]) + places[:, order] * torch.tensor([-1.0, 1.0])
