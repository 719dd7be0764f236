# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples of faces on disk: shards of arrays, each written whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model_server.learning import shards


@dataclass(frozen=True)
class FaceSamples:
    """N faces: the truth, and what the detector said of the picture."""

    actions: np.ndarray  # (N, 52) f32, 0…1
    phenotypes: np.ndarray  # (N, 6) f32
    sculpt: np.ndarray  # (N, D) f32, amounts of the detail targets
    rotation: np.ndarray  # (N, 3, 3) f32, camera from the head's rest axes
    translation: np.ndarray  # (N, 3) f32, where the origin of the rest axes goes, metres
    focal_px: np.ndarray  # (N,) f32, of the photo
    center_px: np.ndarray  # (N, 2) f32, principal point, from the crop's corner
    landmarks_px: np.ndarray  # (N, 478, 2) f32, detected, pixels of the photo
    depth: np.ndarray  # (N, 478) f32

    def __len__(self) -> int:
        return len(self.actions)

    def __getitem__(self, rows: np.ndarray | slice) -> FaceSamples:
        return FaceSamples(*(value[rows] for value in vars(self).values()))


def read_shards(folder: Path) -> FaceSamples:
    """All shards of a folder in name order."""
    return shards.joined([shards.read_shard(FaceSamples, path) for path in shard_paths(folder)])


def shard_paths(folder: Path) -> list[Path]:
    """All shards of a folder in name order; an error names the command where there are none."""
    return shards.shard_paths(folder, made_by="model_server.learning.faces.generate")
