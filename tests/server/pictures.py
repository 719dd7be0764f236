# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for tests: a photo in the public domain that matplotlib carries, and made-up ones."""

import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import PIL.Image

from model_server.arrays import ImageArray

GRACE_HOPPER = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"


@lru_cache
def portrait() -> ImageArray:
    """Grace Hopper's portrait, (600, 512, 3)."""
    with PIL.Image.open(GRACE_HOPPER) as image:
        return np.array(image.convert("RGB"))


def gradient(width: int = 60, height: int = 40) -> ImageArray:
    """A picture without a symmetry: every corner has its own colour."""
    y, x = np.mgrid[:height, :width] / np.array([[[height]], [[width]]])
    return (np.stack([x, y, 1 - x * y], axis=2) * 255).astype(np.uint8)


def encoded(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file; `pixels` is an array or a Pillow image."""
    image = pixels if isinstance(pixels, PIL.Image.Image) else PIL.Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
