# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures behind a shard of samples, small enough to keep: what the image encoder learns
from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from model_server.learning.samples.picture_files import (
    image_of,
    jpeg_of,
    map_of,
    png_of,
    read_column,
    write_columns,
)

PARTS_PX: Final = 160  # side of a part map
MASK_PX: Final = 80  # side of the detector's person mask
_COLUMNS: Final = ("image", "parts", "mask")


@dataclass(frozen=True)
class Picture:
    """One sample's picture, encoded; row k of a shard's pictures is person k of the shard."""

    image: np.ndarray  # (J,) uint8, JPEG of the picture (320, 320, 3)
    parts: np.ndarray  # (P,) uint8, PNG (160, 160), 1 + index into `PART_NAMES`, 0 elsewhere
    mask: np.ndarray  # (M,) uint8, PNG (80, 80), the detector's person mask, 255 is sure


def encode(image: np.ndarray, parts: np.ndarray, mask: np.ndarray) -> Picture:
    """image (S, S, 3) RGB uint8, parts (S, S) uint8, mask (S, S) 0…1 float."""
    step = parts.shape[0] // PARTS_PX
    small_parts = parts[step // 2 :: step, step // 2 :: step]
    small_mask = cv2.resize(mask, (MASK_PX, MASK_PX), interpolation=cv2.INTER_AREA)
    small_mask = np.round(255 * small_mask).astype(np.uint8)
    return Picture(jpeg_of(image), png_of(small_parts), png_of(small_mask))


def decode(picture: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image (320, 320, 3) RGB, parts (160, 160), mask (80, 80), all uint8."""
    return image_of(picture.image), map_of(picture.parts), map_of(picture.mask)


def write_pictures(pictures: list[Picture], shard: Path) -> None:
    write_columns({name: [getattr(p, name) for p in pictures] for name in _COLUMNS}, shard)


def read_pictures(shard: Path) -> list[Picture]:
    columns = [read_column(name, shard) for name in _COLUMNS]
    return [Picture(*row) for row in zip(*columns, strict=True)]
