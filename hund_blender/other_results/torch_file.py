# SPDX-License-Identifier: GPL-3.0-or-later
"""Tensors that torch saved (.pt, .pth since torch 1.6): a zip file with a pickle and raw bytes.

A TorchScript file is one as well. Its pickle tells modules in each other, and the program that they
run lies beside it, which is not even looked at.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from ..errors import ClipError
from .plain_pickle import PlainUnpickler, load_plain

Array = npt.NDArray[Any]

PICKLE: Final = "data.pkl"
STORAGES: Final = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8",
    "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?",
}  # fmt: skip
SCRIPTED: Final = "__torch__"  # the module that all classes of TorchScript are in
LARGEST_SCRIPT_BYTES: Final = 64 * 1024**2  # of a pickle, or of a tensor that is asked for


def is_torch_file(file: zipfile.ZipFile) -> bool:
    return any(name.endswith("/" + PICKLE) for name in file.namelist())


def load_torch(file: zipfile.ZipFile) -> Any:
    """What was saved, with arrays in place of tensors; nothing in the file is run."""
    name = _pickle_of(file)

    def tensor(*parts: Any) -> Array:
        return _tensor(*parts).read()

    return load_plain(
        io.BytesIO(file.read(name)),
        {**_STAND_INS, ("torch._utils", "_rebuild_tensor_v2"): tensor},
        _stored_in(name, file.read),
    )


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; strides are in elements."""

    storage: Callable[[], Array]
    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]

    def read(self) -> Array:
        """ClipError where it reaches beyond its storage."""
        storage, sizes, strides = self.storage(), self.sizes, self.strides
        last = self.offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
        empty = 0 in sizes
        if min((self.offset, *sizes, *strides)) < 0 or not (empty or last < len(storage)):
            raise ClipError("A tensor of the file reaches beyond its data.", "Save it again.")
        if empty:
            return np.zeros(sizes, storage.dtype)
        steps = tuple(step * storage.itemsize for step in strides)
        return np.lib.stride_tricks.as_strided(storage[self.offset :], sizes, steps).copy()


class ScriptModule:
    """What a TorchScript file tells of a module: things by name, modules among them."""

    attributes: dict[Any, Any]

    def tensor(self, name: str) -> Tensor | None:
        """By its name with those of the modules that it is in; None where there is no such."""
        found: Any = self
        for part in name.split("."):
            if not isinstance(found, ScriptModule):
                return None
            found = getattr(found, "attributes", {}).get(part)
        return found if isinstance(found, Tensor) else None


class ScriptUnpickler(PlainUnpickler):
    """Objects of TorchScript's own classes become modules, which have no code here."""

    dispatch: ClassVar[dict[int, Any]] = dict(PlainUnpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == SCRIPTED:
            return ScriptModule
        return super().find_class(module, name)

    def load_build(self) -> None:
        if not isinstance(self.stack[-2], ScriptModule):
            super().load_build()
            return
        state, made = self.stack.pop(), self.stack[-1]
        made.attributes = state if isinstance(state, dict) else {}

    dispatch[pickle.BUILD[0]] = load_build


def load_script(file: zipfile.ZipFile) -> Any:
    """The module that a TorchScript file holds, whose tensors are read when they are asked for."""

    def read(name: str) -> bytes:
        if file.getinfo(name).file_size > LARGEST_SCRIPT_BYTES:
            raise ClipError("A part of the file is too large.", "Choose another.")
        return file.read(name)

    name = _pickle_of(file)
    stand_ins = {**_STAND_INS, **_SCRIPT_STAND_INS}
    content = io.BytesIO(read(name))
    return load_plain(content, stand_ins, _stored_in(name, read), ScriptUnpickler)


def _pickle_of(file: zipfile.ZipFile) -> str:
    return next(name for name in file.namelist() if name.endswith("/" + PICKLE))


def _stored_in(name: str, read: Callable[[str], bytes]) -> Callable[[Any], Callable[[], Array]]:
    """What gives a storage of the pickle of that name, to be read later."""
    folder = name.removesuffix(PICKLE)

    def stored(key: Any) -> Callable[[], Array]:
        _, code, number, *_ = key
        dtype = np.dtype(str(code))
        return lambda: np.frombuffer(read(f"{folder}data/{number}"), dtype)

    return stored


def _tensor(storage: Callable[[], Array], offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    return Tensor(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)))


def _itself(value: Any, *_: Any) -> Any:
    """TorchScript says of values what they are, which they show by themselves."""
    return value


_STAND_INS: Final[dict[tuple[str, str], Any]] = {
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    **{("torch", name): code for name, code in STORAGES.items()},
}
_LISTS: Final = ("intlist", "doublelist", "boollist", "tensorlist")
_SCRIPT_STAND_INS: Final[dict[tuple[str, str], Any]] = {
    ("torch", "device"): _itself,
    ("torch.jit._pickle", "restore_type_tag"): _itself,
    **{("torch.jit._pickle", f"build_{name}"): _itself for name in _LISTS},
}
