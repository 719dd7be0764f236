# SPDX-License-Identifier: GPL-3.0-or-later
"""`SMPLX_*.npz` or `.pkl` to a SmplxModel; what is no such file is told apart and refused."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model_server.errors import BadModelError
from model_server.smplx.joints import JOINTS
from model_server.smplx.model import FACES, POSE_DIRECTIONS, VERTICES, SmplxModel
from model_server.smplx.plain_pickle import load_arrays

Arrays = Mapping[str, NDArray[Any]]

LARGEST_BYTES: Final = 2 * 1024**3  # unpacked
# How many directions are of shape, and how many after them of expression, as the authors read them.
SPLIT: Final = (300, 100)
SMALL_SPLIT: Final = (10, 10)  # of files with fewer than both of those
_REMEDY: Final = "Choose SMPLX_NEUTRAL.npz, SMPLX_MALE.npz or SMPLX_FEMALE.npz."
_JOINTS_OF_OTHERS: Final = {24: "SMPL", 52: "SMPL-H", 16: "MANO", 21: "MANO", 5: "FLAME"}
_SHAPES_OF: Final[Mapping[str, tuple[int | None, ...]]] = {
    "v_template": (VERTICES, 3),
    "shapedirs": (VERTICES, 3, None),
    "posedirs": (VERTICES, 3, POSE_DIRECTIONS),
    "J_regressor": (len(JOINTS), VERTICES),
    "weights": (VERTICES, len(JOINTS)),
    "kintree_table": (2, len(JOINTS)),
    "f": (None, 3),
}


def read_model(path: Path) -> SmplxModel:
    """The model of a file; BadModelError names what is wrong with it and what to do."""
    try:
        arrays = _arrays(path)
        _check(arrays)
        return _model(arrays)
    except BadModelError as error:
        raise BadModelError(f"{path.name}: {error.message}", error.remedy) from error


def _arrays(path: Path) -> Arrays:
    try:
        too_large = path.stat().st_size > LARGEST_BYTES
        content = b"" if too_large else path.read_bytes()
    except OSError as error:
        raise BadModelError(f"It cannot be read ({error.strerror}).", _REMEDY) from error
    if too_large:
        raise _too_large()
    if content.startswith(b"PK"):
        return _npz(path)
    return load_arrays(content)


def _npz(path: Path) -> Arrays:
    """Arrays of numbers by name; those of objects are pickles that nothing here needs."""
    found: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as parts:
            if sum(part.file_size for part in parts.infolist()) > LARGEST_BYTES:
                raise _too_large()
        with np.load(path, allow_pickle=False) as file:
            for name in _SHAPES_OF.keys() & set(file.files) | {"vt", "ft"} & set(file.files):
                found[name] = file[name]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadModelError(f"It is damaged ({error}).", "Download it again.") from error
    return found


def _too_large() -> BadModelError:
    return BadModelError(f"It is larger than {LARGEST_BYTES // 1024**3} GB.", _REMEDY)


def _check(arrays: Arrays) -> None:
    joints = arrays["kintree_table"].shape[-1] if "kintree_table" in arrays else 0
    if joints in _JOINTS_OF_OTHERS:
        name = _JOINTS_OF_OTHERS[joints]
        raise BadModelError(
            f"This is a model of {name}, with {joints} joints; SMPL-X has {len(JOINTS)}.",
            f"{_REMEDY} Poses of SMPL and SMPL-H are imported without a model file.",
        )
    missing = [name for name in _SHAPES_OF if name not in arrays]
    if missing:
        raise BadModelError(f"It has no {' and no '.join(missing)}.", _REMEDY)
    for name, wanted in _SHAPES_OF.items():
        shape = arrays[name].shape
        fits = len(shape) == len(wanted) and all(
            size in (None, own) for size, own in zip(wanted, shape, strict=True)
        )
        if not fits:
            told = " × ".join("any" if size is None else str(size) for size in wanted)
            raise BadModelError(f"Its {name} has the shape {shape}; {told} was expected.", _REMEDY)
        if not np.isfinite(arrays[name]).all():
            raise BadModelError(f"Its {name} has numbers that are not finite.", _REMEDY)
    if arrays["shapedirs"].shape[2] < sum(SMALL_SPLIT):
        raise BadModelError("It has too few shapes and expressions.", _REMEDY)
    faces = arrays["f"]
    if len(faces) != FACES or faces.min() < 0 or faces.max() >= VERTICES:
        raise BadModelError("Its faces are not those of SMPL-X.", _REMEDY)


def _model(arrays: Arrays) -> SmplxModel:
    def floats(name: str) -> NDArray[np.float64]:
        return _in_32_bits(arrays[name])

    directions = floats("shapedirs")
    shapes, expressions = SPLIT if directions.shape[2] >= sum(SPLIT) else SMALL_SPLIT
    faces = arrays["f"].astype(np.intp)
    uvs, face_uvs = np.zeros((1, 2)), np.zeros_like(faces)
    if "vt" in arrays and "ft" in arrays and arrays["ft"].shape == faces.shape:
        uvs, face_uvs = floats("vt"), arrays["ft"].astype(np.intp)
    weights = floats("weights")
    return SmplxModel(
        template=floats("v_template"),
        shapes=directions[..., :shapes],
        expressions=directions[..., shapes : shapes + expressions],
        pose_directions=floats("posedirs"),
        joint_regressor=floats("J_regressor"),
        weights=_in_32_bits(weights / weights.sum(1, keepdims=True)),
        faces=faces,
        uvs=uvs,
        face_uvs=face_uvs,
    )


def _in_32_bits(values: NDArray[Any]) -> NDArray[np.float64]:
    """Rounded as the authors' package keeps them, so that whoever loads a model has the same."""
    return values.astype(np.float32).astype(np.float64)
