# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples on disk: shards of arrays, each written whole, so that a broken run loses one shard at
most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from model_server.landmarks import PoseLandmarks
from model_server.learning import shards

Array = npt.NDArray[Any]
_MADE_BY: Final = "model_server.learning.samples.generate"


@dataclass(frozen=True)
class Samples:
    """N people: the truth, and what the detector said of the picture."""

    rotations: Array  # (N, 22, 3, 3) f32, POSE_BONES; the root's is cam_from_body
    phenotypes: Array  # (N, 6) f32
    translation: Array  # (N, 3) f32, root head in the camera, metres
    focal_px: Array  # (N,) f32, of the rendered crop
    center_px: Array  # (N, 2) f32, principal point in the rendered crop
    landmarks_px: Array  # (N, 33, 2) f32, detected
    visibility: Array  # (N, 33) f32
    world: Array  # (N, 33, 3) f32
    depth: Array  # (N, 33) f32

    def __len__(self) -> int:
        return len(self.rotations)


def columns_of(looks: Sequence[PoseLandmarks]) -> dict[str, Array]:
    """What the detector said of N people, by the names that samples have for it."""
    names = {
        "landmarks_px": "landmarks_px",
        "visibility": "visibility",
        "world": "world_m",
        "depth": "depth",
    }
    return {
        column: np.stack([getattr(look, name) for look in looks]).astype(np.float32)
        for column, name in names.items()
    }


def read_shard(path: Path) -> Samples:
    return shards.read_shard(Samples, path)


def shard_paths(folder: Path) -> list[Path]:
    """All shards of a folder in name order; an error names the command where there are none."""
    return shards.shard_paths(folder, made_by=_MADE_BY)


def read_shards(folder: Path) -> Samples:
    """All shards of a folder, joined."""
    return shards.read_shards(Samples, folder, made_by=_MADE_BY)
