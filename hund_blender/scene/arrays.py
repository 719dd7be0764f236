# SPDX-License-Identifier: GPL-3.0-or-later
"""numpy to Blender's bulk properties and back."""

from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def write(items: "bpy.types.bpy_prop_collection[Any]", name: str, values: Array) -> None:
    """Set one property of all items (N, ...) at once."""
    if len(values) != len(items):
        raise ValueError(f"{name}: {len(items)} items but values of shape {values.shape}")
    dtype = np.float32 if values.dtype.kind == "f" else values.dtype
    items.foreach_set(name, np.ascontiguousarray(values, dtype).ravel())


def read(items: "bpy.types.bpy_prop_collection[Any]", name: str, width: int) -> Array:
    """One float property of all items as (N, width)."""
    values = np.empty(len(items) * width, np.float32)
    items.foreach_get(name, values)
    return values.reshape(-1, width)


def show_picture(preview: Any, pixels: Array) -> None:
    """Fill a preview with a picture (H, W, 4) of bytes, first row on top."""
    preview.image_size = pixels.shape[1::-1]
    preview.image_pixels_float.foreach_set((pixels[::-1] / np.float32(255)).ravel())
