# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands on disk: shards of arrays, each written whole."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from model_server.learning import shards
from model_server.learning.mocap.so3 import Array


@dataclass(frozen=True)
class HandSamples:
    """N hands, right ones mirrored to left: the truth, and what the detector said of the crop."""

    fingers: Array  # (N, 15, 3, 3) f32, `articulation.BONES`, relative to the parent
    palm: Array  # (N, 3, 3) f32, cam_from_palm
    points_cam: Array  # (N, 21, 3) f32, bones' ends in the camera, metres
    phenotypes: Array  # (N, 6) f32
    focal_px: Array  # (N,) f32, of the crop
    center_px: Array  # (N, 2) f32, principal point in the crop, mostly outside of it
    landmarks_px: Array  # (N, 21, 2) f32, detected, in the crop
    world: Array  # (N, 21, 3) f32, detected, metres
    confidence: Array  # (N,) f32, of the handedness

    def __len__(self) -> int:
        return len(self.fingers)

    def __getitem__(self, rows: Array | slice) -> HandSamples:
        return HandSamples(*(getattr(self, field.name)[rows] for field in fields(self)))


def stacked(rows: list[dict[str, Array]]) -> HandSamples:
    """Samples from one mapping of fields per hand."""
    columns = ([row[field.name] for row in rows] for field in fields(HandSamples))
    return HandSamples(*(np.stack(column).astype(np.float32) for column in columns))


def read_shards(folder: Path) -> HandSamples:
    """All shards of a folder in name order."""
    return shards.joined([shards.read_shard(HandSamples, path) for path in shard_paths(folder)])


def shard_paths(folder: Path) -> list[Path]:
    """All shards of a folder in name order; an error names the command where there are none."""
    return shards.shard_paths(folder, made_by="model_server.learning.hands.generate")
