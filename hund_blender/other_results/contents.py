# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of numbers holds: .npz, .npy, .json, pickles, joblib's, torch's."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from ..errors import ClipError
from .plain_pickle import load_plain
from .torch_file import is_torch_file, load_torch

LARGEST_BYTES: Final = 2 * 1024**3  # unpacked
COMPRESSED: Final[tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...]] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ", lzma.LZMAFile),
    (b"\x5d\x00", lzma.LZMAFile),
)
ZLIB: Final = b"\x78"
ZIP: Final = b"PK"
NPY: Final = b"\x93NUMPY"


def read_contents(path: Path) -> Any:
    """Arrays, numbers and texts in dictionaries and lists; ClipError for what cannot be read."""
    try:
        content = path.read_bytes()
        return _parsed(content, path.suffix.lower())
    except ClipError as error:
        raise ClipError(f"{path.name}: {error.message}", error.remedy) from error
    except OSError as error:
        raise ClipError(
            f"{path.name} cannot be read ({error.strerror or error}).", "Choose a file."
        ) from error
    except (ValueError, EOFError, RecursionError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path, error) from error
    except (lzma.LZMAError, NotImplementedError, KeyError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ClipError:
    return ClipError(
        f"{path.name} cannot be read, or it is damaged ({type(error).__name__}: {error}).",
        "Save or download it again.",
    )


def _parsed(content: bytes, ending: str) -> Any:
    if ending == ".json":
        return json.loads(content)
    if content.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if sum(part.file_size for part in file.infolist()) > LARGEST_BYTES:
                raise _too_large()
            return load_torch(file) if is_torch_file(file) else _npz(content)
    if content.startswith(NPY):
        return _npy(content)
    return load_plain(io.BytesIO(_unpacked(content)))


def _npy(content: bytes) -> Any:
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except ValueError:  # an array of objects
        return _objects(content)


def _npz(content: bytes) -> dict[str, Any]:
    """Arrays by name; those of objects are pickles, and left out where they are not plain, unless
    there is nothing else.
    """
    found: dict[str, Any] = {}
    refused: ClipError | None = None
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        for name in file.files:
            try:
                found[name] = file[name]
            except ValueError:  # an array of objects
                try:
                    found[name] = _objects(file.zip.read(f"{name}.npy"))
                except ClipError as error:
                    refused = error
    if refused is not None and not found:
        raise refused
    return found


def _objects(content: bytes) -> Any:
    """What an array of objects holds, in lists: a pickle behind numpy's own header, which tells its
    length as two bytes, or four since version 2.
    """
    size = 2 if content[len(NPY) :].startswith(b"\x01") else 4
    start = len(NPY) + 2
    header = int.from_bytes(content[start : start + size], "little")
    return load_plain(io.BytesIO(content[start + size + header :]))


def _unpacked(content: bytes) -> bytes:
    if content.startswith(ZLIB):
        packed = zlib.decompressobj()
        plain = packed.decompress(content, LARGEST_BYTES)
        if packed.unconsumed_tail:
            raise _too_large()
        return plain
    for start, opened in COMPRESSED:
        if content.startswith(start):
            plain = opened(io.BytesIO(content)).read(LARGEST_BYTES + 1)
            if len(plain) > LARGEST_BYTES:
                raise _too_large()
            return bytes(plain)
    return content


def _too_large() -> ClipError:
    return ClipError(
        f"It is larger than {LARGEST_BYTES // 1024**3} GB when unpacked.",
        "Leave vertices and pictures out of it.",
    )
