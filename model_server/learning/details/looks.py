# SPDX-License-Identifier: GPL-3.0-or-later
"""What an encoder read in the pictures of a shard, on disk.

Every picture is looked at several times, first as it is, then displaced and disturbed: a descent
that met only readings of pictures which the encoder knows by heart would believe it too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from model_server.learning.details.reading import DetailReading, nothing_read
from model_server.learning.samples.picture_files import encoded_path

LOOKS: Final = 4


@dataclass(frozen=True)
class Look:
    """One look at the pictures of N samples."""

    reading: DetailReading
    mirror: DetailReading  # of the mirrored pictures, brought back; the same where there are none


def write_looks(looks: list[Look], shard: Path) -> None:
    """Beside the shard, written whole."""
    path = encoded_path(shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    columns = {}
    for side in ("reading", "mirror"):
        readings: list[DetailReading] = [getattr(look, side) for look in looks]
        columns[f"{side}_features"] = _stacked([r.features for r in readings], np.float16)
        columns[f"{side}_heat_px"] = _stacked([r.heat_px for r in readings], np.float32)
        columns[f"{side}_heat_trust"] = _stacked([r.heat_trust for r in readings], np.float16)
    np.savez(partial, **columns)
    partial.replace(path)


def _stacked(values: list[Tensor], kind: type[np.floating]) -> np.ndarray:
    return torch.stack(values).numpy().astype(kind)


def read_looks(shard: Path, landmarks_px: Tensor) -> list[Look]:
    """All looks at the samples of a shard, with landmarks (N, L, 2); as many looks that tell
    nothing where nobody has read their pictures.
    """
    path = encoded_path(shard)
    if not path.exists():
        blank = nothing_read(landmarks_px)
        return [Look(blank, blank)] * LOOKS
    with np.load(path, allow_pickle=False) as content:
        columns = {name: torch.from_numpy(content[name]).float() for name in content.files}

    def reading(side: str, look: int) -> DetailReading:
        parts = [columns[f"{side}_{name}"][look] for name in ("features", "heat_px", "heat_trust")]
        return DetailReading(*parts, torch.ones(len(parts[0]), 1))

    return [Look(reading("reading", look), reading("mirror", look)) for look in range(LOOKS)]
