# SPDX-License-Identifier: GPL-3.0-or-later
"""What the features of people are made of, in one row each, and kept beside their shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model_server.learning.encoder.encoder import FAR_CELLS, NEAR_CELLS, TRUNK_CHANNELS, Insight


def packed(insight: Insight) -> Tensor:
    """Insight into B crops as (B, I)."""
    return torch.cat([insight.near.flatten(1), insight.far.flatten(1), insight.pooled], 1)


def unpacked(rows: Tensor) -> Insight:
    """The inverse of `packed`."""
    near, far = TRUNK_CHANNELS * NEAR_CELLS, TRUNK_CHANNELS * FAR_CELLS
    parts = rows.split([near, far, rows.shape[1] - near - far], 1)
    side, far_side = int(NEAR_CELLS**0.5), int(FAR_CELLS**0.5)
    return Insight(
        parts[2],
        parts[0].unflatten(1, (TRUNK_CHANNELS, side, side)),
        parts[1].unflatten(1, (TRUNK_CHANNELS, far_side, far_side)),
    )


def insight_path(shard: Path) -> Path:
    """Where lies what the frozen layers see in the pictures of a shard."""
    return shard.parent / "insight" / f"{shard.stem}.npy"


def write_insight(rows: Tensor, mirror_rows: Tensor, shard: Path) -> None:
    """Of N pictures and of their mirror images (N, I) each."""
    path = insight_path(shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npy")
    np.save(partial, torch.stack([rows, mirror_rows]).half().numpy())
    partial.replace(path)


def read_insight(shard: Path) -> tuple[Tensor, Tensor]:
    """The same, in half precision."""
    rows, mirror_rows = torch.from_numpy(np.load(insight_path(shard)))
    return rows, mirror_rows
