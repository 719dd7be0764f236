# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples on disk: shards of arrays, each written whole, so that a broken run loses one shard at
most.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


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


def write_shard(samples: Samples, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **{field.name: getattr(samples, field.name) for field in fields(samples)})
    partial.replace(path)


def read_shard(path: Path) -> Samples:
    with np.load(path, allow_pickle=False) as arrays:
        return Samples(**{field.name: arrays[field.name] for field in fields(Samples)})


def shard_paths(folder: Path) -> list[Path]:
    """All shards of a folder in name order; an error names the command where there are none."""
    paths = sorted(path for path in folder.glob("*.npz") if ".partial" not in path.name)
    if not paths:
        raise FileNotFoundError(
            f"No samples in {folder}. "
            "Make them with `python -m model_server.learning.samples.generate`."
        )
    return paths


def read_shards(folder: Path) -> Samples:
    """All shards of a folder in name order."""
    return join([read_shard(path) for path in shard_paths(folder)])


def join(parts: list[Samples]) -> Samples:
    return Samples(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Samples)))
