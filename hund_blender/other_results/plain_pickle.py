# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles that hold numbers, read without running anything that they name.

A pickle is a program: it may name any function and call it. Here only stand-ins of our own can be
called, and they make arrays and containers; whatever else is named ends the reading.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import IO, Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from ..errors import ClipError

Array = npt.NDArray[Any]

NDARRAY: Final = "ndarray"  # in place of the class; nothing can be called on a text
# In place of numpy's type of objects, of which no array is ever made: a file could make numbers
# into objects otherwise.
OBJECTS: Final = "objects"
OBJECT_CODES: Final = ("O", "O4", "O8", "|O")
REMEDY: Final = "Save the numbers alone, as .npz, and import that."
# The names of Python's own reader in pure Python: joblib's arrays lie between its instructions.
PythonUnpickler: Final[Any] = pickle._Unpickler  # type: ignore[attr-defined]


class JoblibArray:
    """What joblib writes before the bytes of an array."""

    shape: tuple[int, ...]
    order: str
    dtype: np.dtype[Any]
    is_aligned: bool

    def take(self, state: Any) -> None:
        if not isinstance(state, dict) or state.get("subclass") != NDARRAY:
            raise refusal("a kind of array that is no plain numpy array")
        self.shape = tuple(int(size) for size in state["shape"])
        self.order = "F" if state["order"] == "F" else "C"
        self.dtype = _numeric(state["dtype"])
        self.is_aligned = state.get("numpy_array_alignment_bytes") is not None

    def read(self, file: IO[bytes]) -> Array:
        if self.is_aligned:
            file.read(file.read(1)[0])
        count = int(np.prod(self.shape, dtype=object))
        content = file.read(count * self.dtype.itemsize)
        return np.frombuffer(content, self.dtype, count).reshape(self.shape, order=self.order)  # type: ignore[call-overload, no-any-return]


def refusal(what: str) -> ClipError:
    return ClipError(f"The file wants to run {what}; it was not run, and nothing was read.", REMEDY)


def _numeric(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, np.dtype) or dtype.hasobject or dtype.names is not None:
        raise refusal(f"something to make an array of {dtype}")
    return dtype


def _dtype(code: Any, *_: Any) -> np.dtype[Any] | str:
    if code in OBJECT_CODES:
        return OBJECTS
    if not isinstance(code, str):
        raise refusal(f"something to make an array of {code}")
    copy: Any = True  # numpy then fills in the order of bytes
    return _numeric(np.dtype(code, False, copy))


def _nested(shape: Any, things: list[Any]) -> Any:
    """What an array of objects holds, in lists; the thing itself where it has no axes."""
    objects = np.empty(len(things), object)
    for place, thing in enumerate(things):
        objects[place] = thing
    return objects.reshape(shape).tolist()


def _empty_array(kind: Any, *_: Any) -> Array:
    if kind != NDARRAY:
        raise refusal(f"{kind}")
    return np.ndarray((0,), np.int8)


def _scalar(dtype: Any, content: Any) -> Any:
    if isinstance(content, str):  # written by Python 2
        content = content.encode("latin1")
    return np.frombuffer(content, _numeric(dtype), 1)[0]


def _array_of_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> Array:
    return np.frombuffer(content, _numeric(dtype)).reshape(shape, order=order)


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise refusal(f"the encoding {encoding}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _dictionary(*given: Any) -> dict[Any, Any]:
    """Of any class; a default is not needed for reading."""
    return dict(given[0]) if given and isinstance(given[0], list | tuple | dict) else {}


Stand_ins = Mapping[tuple[str, str], Any]

_NUMPY: Final = ("numpy.core", "numpy._core")
STAND_INS: Final[Stand_ins] = {
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): _dtype,
    **{(f"{core}.multiarray", "_reconstruct"): _empty_array for core in _NUMPY},
    **{(f"{core}.multiarray", "scalar"): _scalar for core in _NUMPY},
    **{(f"{core}.numeric", "_frombuffer"): _array_of_buffer for core in _NUMPY},
    ("_codecs", "encode"): _bytes,
    ("collections", "OrderedDict"): _dictionary,
    ("collections", "defaultdict"): _dictionary,
    ("builtins", "bytes"): _no_bytes,
    ("__builtin__", "bytes"): _no_bytes,
    ("builtins", "dict"): _dictionary,
    ("__builtin__", "dict"): _dictionary,
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): JoblibArray,
}


class PlainUnpickler(PythonUnpickler):  # type: ignore[misc]
    """Numbers, texts, arrays and containers; also as joblib writes them."""

    dispatch: ClassVar[dict[int, Any]] = dict(PythonUnpickler.dispatch)

    def __init__(
        self, file: IO[bytes], also: Stand_ins, stored: Callable[[Any], Any] | None
    ) -> None:
        super().__init__(file, encoding="latin1")
        self._file, self._stand_ins, self._stored = file, {**STAND_INS, **also}, stored

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._stand_ins:
            raise refusal(f"{module}.{name}")
        return self._stand_ins[module, name]

    def persistent_load(self, key: Any) -> Any:
        if self._stored is None:
            raise refusal("something that loads other files")
        return self._stored(key)

    def load_build(self) -> None:
        """States are for arrays only: they could change any object otherwise."""
        state, made = self.stack.pop(), self.stack[-1]
        if isinstance(made, JoblibArray):
            made.take(state)
            self.stack[-1] = made.read(self._file)
        elif isinstance(made, np.dtype) and state[3] is None and state[4] is None:
            made.__setstate__(state)  # type: ignore[attr-defined]
        elif isinstance(made, str) and made == OBJECTS:
            return
        elif isinstance(made, np.ndarray) and isinstance(state[2], str) and state[2] == OBJECTS:
            self.stack[-1] = _nested(state[1], list(state[4]))
        elif isinstance(made, np.ndarray):
            _numeric(state[2])
            made.__setstate__(state)
        else:
            raise refusal(f"a change of {type(made).__name__}")

    dispatch[pickle.BUILD[0]] = load_build


def load_plain(
    file: IO[bytes],
    also: Stand_ins | None = None,
    stored: Callable[[Any], Any] | None = None,
    reader: type[PlainUnpickler] = PlainUnpickler,
) -> Any:
    """What a pickle holds; ClipError names what it wanted to run. Stand-ins may be added, what
    gives that which is stored outside of it, and a reader that knows more.
    """
    try:
        return reader(file, also or {}, stored).load()
    except ClipError:
        raise
    except Exception as error:
        # Bytes that are no pickle can fail in any instruction, in any way.
        raise ClipError(
            f"The file is no pickle, or it is damaged ({type(error).__name__}: {error}).",
            "Save or download it again.",
        ) from error
