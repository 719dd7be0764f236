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

PARTS_PX: Final = 160  # side of a part map
MASK_PX: Final = 80  # side of the detector's person mask
JPEG_QUALITY: Final = 90


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
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return Picture(
        cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1],
        cv2.imencode(".png", small_parts)[1],
        cv2.imencode(".png", np.round(255 * small_mask).astype(np.uint8))[1],
    )


def decode(picture: Picture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image (320, 320, 3) RGB, parts (160, 160), mask (80, 80), all uint8."""
    image = cv2.cvtColor(cv2.imdecode(picture.image, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    parts = cv2.imdecode(picture.parts, cv2.IMREAD_UNCHANGED)
    return image, parts, cv2.imdecode(picture.mask, cv2.IMREAD_UNCHANGED)


def pictures_path(shard: Path) -> Path:
    """Where the pictures of a shard lie."""
    return shard.parent / "pictures" / shard.name


def write_pictures(pictures: list[Picture], shard: Path) -> None:
    path = pictures_path(shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    columns: dict[str, np.ndarray] = {}
    for name in ("image", "parts", "mask"):
        buffers = [getattr(picture, name) for picture in pictures]
        columns[name] = np.concatenate(buffers)
        columns[f"{name}_ends"] = np.cumsum([len(buffer) for buffer in buffers])
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **columns)
    partial.replace(path)


def read_pictures(shard: Path) -> list[Picture]:
    with np.load(pictures_path(shard), allow_pickle=False) as columns:
        split = [
            np.split(columns[name], columns[f"{name}_ends"][:-1])
            for name in ("image", "parts", "mask")
        ]
    return [Picture(*row) for row in zip(*split, strict=True)]
