# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles of body models, read without running anything that they name.

A pickle is a program: it may name any function and call it. Here names stand for the classes below
alone, which take in numbers and can do nothing else; whatever else is named ends the reading.
"""

import io
import pickle
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.errors import BadModelError

_NUMBERS: Final = "biuf"
_REMEDY: Final = "Download the model again from its own site, as .npz if there is one."


def _refusal(what: str) -> BadModelError:
    return BadModelError(f"The file wants to run {what}; it was not run.", _REMEDY)


class _Inert:
    """Made of whatever the file gives, and kept without a use."""

    def __new__(cls, *_: Any) -> Any:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Type(_Inert):
    """In place of numpy's dtype."""

    dtype: np.dtype[Any]

    def __new__(cls, code: Any = "f8", *_: Any) -> Any:
        if not isinstance(code, str) or code.lstrip("<>|=")[:1] not in (*_NUMBERS, "O", "S", "U"):
            raise _refusal(f"something to make an array of {code}")
        made = super().__new__(cls)
        made.dtype = np.dtype(code)
        return made

    def __setstate__(self, state: Any) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array(_Inert):
    """In place of numpy's array."""

    content: NDArray[Any] | None = None  # stays so for objects

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_column, content = state
        if not isinstance(kind, _Type):
            raise _refusal("an array of something else")
        if kind.dtype.kind in _NUMBERS:
            data = content.encode("latin1") if isinstance(content, str) else content
            order = "F" if by_column else "C"
            self.content = np.frombuffer(data, kind.dtype).reshape(shape, order=order)


class _ArrayOfBuffer(_Inert):
    """In place of how numpy makes one of protocol 5."""

    def __new__(
        cls, content: Any = b"", kind: Any = None, shape: Any = (), order: Any = "C"
    ) -> Any:
        if not isinstance(kind, _Type) or kind.dtype.kind not in _NUMBERS:
            raise _refusal("an array of something else")
        return np.frombuffer(content, kind.dtype).reshape(shape, order=order)


class _ByColumn(_Inert):
    """In place of scipy's sparse matrix, by columns."""

    def dense(self) -> NDArray[Any]:
        names = ("data", "indices", "indptr")
        data, rows, starts = (_plain(self.state[name]) for name in names)
        size = self.state.get("_shape", self.state.get("shape"))
        dense = np.zeros(size)
        columns = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        np.add.at(dense, (rows, columns), data)
        return dense


class _Bytes(_Inert):
    """In place of codecs.encode, by which Python 3 writes bytes for Python 2."""

    def __new__(cls, text: Any = "", *_: Any) -> Any:
        return str(text).encode("latin1")


class _Scalar(_Inert):
    def __new__(cls, kind: Any, content: Any = b"", *_: Any) -> Any:
        if not isinstance(kind, _Type) or kind.dtype.kind not in _NUMBERS:
            raise _refusal("a number of something else")
        data = content.encode("latin1") if isinstance(content, str) else content
        return np.frombuffer(data, kind.dtype, 1)[0]


class _Rebuilt(_Inert):
    """In place of copyreg._reconstructor, by which old classes are written."""

    def __new__(cls, kind: Any = None, *_: Any) -> Any:
        if not isinstance(kind, type) or not issubclass(kind, _Inert):
            raise _refusal("something to rebuild")
        return kind()


_NAMES: Final[dict[tuple[str, str], type]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _Bytes,
    ("copy_reg", "_reconstructor"): _Rebuilt,
    ("copyreg", "_reconstructor"): _Rebuilt,
    ("__builtin__", "object"): _Inert,
    ("builtins", "object"): _Inert,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _ArrayOfBuffer for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _Scalar for core in ("core", "_core")},
    **{(f"scipy.sparse.{place}csc", "csc_matrix"): _ByColumn for place in ("", "_")},
}


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name.startswith("chumpy"):  # of files for Python 2: told apart, not read
            return _Inert
        if (module_name, global_name) not in _NAMES:
            raise _refusal(f"{module_name}.{global_name}")
        return _NAMES[module_name, global_name]


def load_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of numbers in a pickled dictionary, by name; BadModelError names what a file
    wanted to run.
    """
    try:
        loaded = _Reader(io.BytesIO(content), encoding="latin1").load()
    except BadModelError:
        raise
    except Exception as error:  # bytes that are no pickle can fail in any instruction, in any way
        raise BadModelError(
            f"The file is no pickle, or it is damaged ({type(error).__name__}: {error}).", _REMEDY
        ) from error
    if not isinstance(loaded, dict):
        raise BadModelError("The file holds no arrays by name.", _REMEDY)
    arrays = {str(name): _plain(value) for name, value in loaded.items()}
    return {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)}


def _plain(value: Any) -> Any:
    match value:
        case _Array():
            return value.content
        case _ByColumn():
            return value.dense()
        case _:
            return value
