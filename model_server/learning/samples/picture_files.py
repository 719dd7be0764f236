# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures beside a shard of samples: encoded, of any size, row k of a column belongs to sample
k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

JPEG_QUALITY: Final = 90


def jpeg_of(image: np.ndarray) -> np.ndarray:
    """Image (H, W, 3) RGB uint8 → its bytes (J,) uint8."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]


def image_of(jpeg: np.ndarray) -> np.ndarray:
    """The inverse of `jpeg_of`, nearly."""
    return cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def png_of(values: np.ndarray) -> np.ndarray:
    """A map (H, W) uint8 → its bytes (P,) uint8."""
    return cv2.imencode(".png", values)[1]


def map_of(png: np.ndarray) -> np.ndarray:
    """The inverse of `png_of`."""
    return cv2.imdecode(png, cv2.IMREAD_UNCHANGED)


def pictures_path(shard: Path) -> Path:
    """Where the pictures of a shard lie."""
    return shard.parent / "pictures" / shard.name


def encoded_path(shard: Path) -> Path:
    """Where lies what an encoder read in the pictures of a shard."""
    return shard.parent / "encoded" / shard.name


def shards_with_pictures(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.npz")) if pictures_path(path).exists()]


def write_columns(columns: Mapping[str, Sequence[np.ndarray]], shard: Path) -> None:
    """The pictures of a shard, written whole."""
    path = pictures_path(shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, np.ndarray] = {}
    for name, buffers in columns.items():
        content[name] = np.concatenate(buffers)
        content[f"{name}_ends"] = np.cumsum([len(buffer) for buffer in buffers])
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **content)
    partial.replace(path)


def read_column(name: str, shard: Path) -> list[np.ndarray]:
    """The bytes of every sample's picture of one kind."""
    with np.load(pictures_path(shard), allow_pickle=False) as content:
        return np.split(content[name], content[f"{name}_ends"][:-1])
