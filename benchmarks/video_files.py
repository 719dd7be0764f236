# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to video files, for benchmarks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from model_server.arrays import ImageArray


def write_video(path: Path, frames: Iterable[ImageArray], fps: float) -> None:
    """RGB pictures of one size."""
    writer: cv2.VideoWriter | None = None
    for image in frames:
        if writer is None:
            size = image.shape[1::-1]
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
        writer.write(np.ascontiguousarray(image[..., ::-1]))
    if writer is not None:
        writer.release()
