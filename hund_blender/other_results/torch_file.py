# SPDX-License-Identifier: GPL-3.0-or-later
"""Tensors that torch saved (.pt, .pth since torch 1.6): a zip file with a pickle and raw bytes."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import ClipError
from .plain_pickle import load_plain

Array = npt.NDArray[Any]

PICKLE: Final = "data.pkl"
STORAGES: Final = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8",
    "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?",
}  # fmt: skip


def is_torch_file(file: zipfile.ZipFile) -> bool:
    return any(name.endswith("/" + PICKLE) for name in file.namelist())


def load_torch(file: zipfile.ZipFile) -> Any:
    """What was saved, with arrays in place of tensors; nothing in the file is run."""
    name = next(name for name in file.namelist() if name.endswith("/" + PICKLE))
    folder = name.removesuffix(PICKLE)

    def stored(key: Any) -> Array:
        _, code, number, *_ = key
        return np.frombuffer(file.read(f"{folder}data/{number}"), np.dtype(str(code)))

    return load_plain(io.BytesIO(file.read(name)), _STAND_INS, stored)


def _tensor(storage: Array, offset: int, size: Any, stride: Any, *_: Any) -> Array:
    """A tensor's view of its storage; strides are in elements."""
    sizes, strides = tuple(map(int, size)), tuple(map(int, stride))
    last = offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    empty = 0 in sizes
    if min((offset, *sizes, *strides)) < 0 or not (empty or last < len(storage)):
        raise ClipError("A tensor of the file reaches beyond its data.", "Save it again.")
    if empty:
        return np.zeros(sizes, storage.dtype)
    steps = tuple(step * storage.itemsize for step in strides)
    return np.lib.stride_tricks.as_strided(storage[offset:], sizes, steps).copy()


_STAND_INS: Final = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    **{("torch", name): code for name, code in STORAGES.items()},
}
