# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files are read as they are, told apart, and never run."""

import io
import os
import pickle
import pickletools
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_server.errors import BadModelError
from model_server.smplx import model_file as model_file_module
from model_server.smplx.model import SmplxModel
from model_server.smplx.model_file import read_model

SPARSE = ("scipy.sparse.csc", "scipy.sparse._csc")


def same(a: SmplxModel, b: SmplxModel) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in vars(a))


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_reads_like_the_archive(
    arrays: dict[str, Any], model: SmplxModel, tmp_path: Path, protocol: int
) -> None:
    path = tmp_path / "SMPLX_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps({**arrays, "part2num": {"Global": 0}}, protocol))
    assert same(read_model(path), model)


class Sparse:
    """As scipy keeps a matrix by columns."""

    def __init__(self, dense: np.ndarray) -> None:
        columns = [np.flatnonzero(dense[:, column]) for column in range(dense.shape[1])]
        self.format, self._shape, self.maxprint = "csc", dense.shape, 50
        self.indices = np.concatenate(columns).astype(np.int32)
        self.indptr = np.cumsum([0, *map(len, columns)]).astype(np.int32)
        self.data = np.concatenate([dense[rows, c] for c, rows in enumerate(columns)])


@pytest.fixture(params=SPARSE)
def scipys_class(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[type]:
    """A class that pickles name as scipy's, gone before anything is read."""
    made = type(
        "csc_matrix", (Sparse,), {"__module__": request.param, "__qualname__": "csc_matrix"}
    )
    for name in ("scipy", "scipy.sparse", request.param):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys.modules[request.param], "csc_matrix", made, raising=False)
    return made


def test_sparse_joint_regressors_are_read(
    arrays: dict[str, Any], model: SmplxModel, tmp_path: Path, scipys_class: type
) -> None:
    path = tmp_path / "SMPLX_NEUTRAL.pkl"
    contents = {**arrays, "J_regressor": scipys_class(arrays["J_regressor"])}
    path.write_bytes(pickle.dumps(contents, 2))
    assert same(read_model(path), model)


def test_newer_files_have_300_shapes_before_their_expressions(
    arrays: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    directions = np.zeros((10475, 3, 400), np.float32)
    directions[0, 0, 299], directions[0, 0, 300] = 1, 2
    np.savez_compressed(path, **{**arrays, "shapedirs": directions})
    model = read_model(path)
    assert model.shapes.shape[2] == 300
    assert model.shapes[0, 0, 299] == 1
    assert model.expressions.shape[2] == 100
    assert model.expressions[0, 0, 0] == 2


def test_files_between_are_read_as_small_ones(arrays: dict[str, Any], tmp_path: Path) -> None:
    """As the authors' package does."""
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    directions = np.broadcast_to(np.arange(40, dtype=np.float32), (10475, 3, 40))
    np.savez_compressed(path, **{**arrays, "shapedirs": directions})
    model = read_model(path)
    assert model.shapes[0, 0].tolist() == list(range(10))
    assert model.expressions[0, 0].tolist() == list(range(10, 20))


@pytest.mark.parametrize(
    ("name", "vertices", "joints"), [("SMPL", 6890, 24), ("SMPL-H", 6890, 52), ("MANO", 778, 16)]
)
@pytest.mark.parametrize("ending", [".npz", ".pkl"])
def test_other_models_are_told_apart(
    tmp_path: Path, name: str, vertices: int, joints: int, ending: str
) -> None:
    path = tmp_path / f"model{ending}"
    contents = {
        "v_template": np.zeros((vertices, 3)),
        "kintree_table": np.zeros((2, joints), np.int64),
    }
    if ending == ".npz":
        np.savez(path, **contents)
    else:
        path.write_bytes(pickle.dumps(contents))
    with pytest.raises(BadModelError, match=rf"This is a model of {name}, with {joints}") as told:
        read_model(path)
    assert "SMPLX_NEUTRAL.npz" in told.value.remedy


def test_smpl_for_python_2_is_told_apart(tmp_path: Path) -> None:
    """Its arrays are objects of a package that nobody has."""
    path = tmp_path / "basicModel_neutral_lbs_10_207_0_v1.0.0.pkl"
    table = pickle.dumps(np.zeros((2, 24), np.uint32), 0).removesuffix(b".")
    path.write_bytes(
        b"(S'v_template'\ncchumpy.ch\nCh\n(tR(S'x'\nI1\ndbS'kintree_table'\n" + table + b"d."
    )
    with pytest.raises(BadModelError, match="This is a model of SMPL, with 24 joints"):
        read_model(path)


class Hostile:
    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> Any:
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("call", "arguments", "name"),
    [
        (os.system, ("touch {}",), "system"),
        (eval, ("open('{}', 'w')",), "eval"),
        (getattr, (np, "load"), "getattr"),
        (np.load, ("{}",), "load"),
    ],
)
def test_nothing_that_a_file_names_is_run(
    tmp_path: Path, protocol: int, call: Any, arguments: tuple[Any, ...], name: str
) -> None:
    trace, path = tmp_path / "trace", tmp_path / "SMPLX_NEUTRAL.pkl"
    if call is getattr:
        arguments = ("text", "upper")
    filled = [str(argument).format(trace) for argument in arguments]
    path.write_bytes(pickle.dumps({"v_template": Hostile(call, *filled)}, protocol))
    with pytest.raises(BadModelError, match=rf"wants to run .*{name}; it was not run"):
        read_model(path)
    assert not trace.exists()


def test_stand_ins_cannot_be_changed_by_a_file(tmp_path: Path, model_file: Path) -> None:
    """A class that is named and then given a state would stay changed for the next file."""
    path = tmp_path / "SMPLX_NEUTRAL.pkl"
    path.write_bytes(b"cnumpy\nndarray\n(N(S'content'\nI1\ndtb.")
    with pytest.raises(BadModelError):
        read_model(path)
    read_model(model_file)


def test_arrays_of_objects_in_archives_are_left_alone(
    arrays: dict[str, Any], model: SmplxModel, tmp_path: Path
) -> None:
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    np.savez(path, **arrays, part2num=np.array({"Global": 0}, object))
    assert same(read_model(path), model)


def test_what_is_missing_or_wrong_is_named(arrays: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "SMPLX_NEUTRAL.npz"

    def told(**changed: Any) -> str:
        contents = {**arrays, **changed}
        np.savez(path, **{name: value for name, value in contents.items() if value is not None})
        with pytest.raises(BadModelError) as caught:
            read_model(path)
        return caught.value.told

    assert "It has no posedirs and no weights." in told(posedirs=None, weights=None)
    assert "Its J_regressor has the shape (55, 9); 55 × 10475 was" in told(
        J_regressor=np.zeros((55, 9))
    )
    assert "not finite" in told(v_template=np.full((10475, 3), np.nan))
    assert "faces are not those" in told(f=arrays["f"] + 1)
    assert "too few shapes" in told(shapedirs=np.zeros((10475, 3, 4)))


def test_damaged_and_absent_files(model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    for content in (b"", b"PK\x03\x04 nothing more", b"\x80\x04 nothing", b"text"):
        path.write_bytes(content)
        with pytest.raises(BadModelError, match=r"SMPLX_NEUTRAL\.npz: "):
            read_model(path)
    path.write_bytes(model_file.read_bytes()[:10000])
    with pytest.raises(BadModelError, match="damaged"):
        read_model(path)
    with pytest.raises(BadModelError, match="cannot be read"):
        read_model(tmp_path / "gone.npz")


@pytest.mark.parametrize("packed", [True, False])
def test_what_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    np.savez_compressed(path, v_template=np.zeros((100_000, 3)))
    monkeypatch.setattr(model_file_module, "LARGEST_BYTES", 1_000_000 if packed else 100)
    with pytest.raises(BadModelError, match="It is larger than"):
        read_model(path)


def test_hostile_bytes_are_valid_pickles() -> None:
    """Else they would be refused for another reason."""
    pickletools.dis(b"cnumpy\nndarray\n(N(S'content'\nI1\ndtb.", io.StringIO())
