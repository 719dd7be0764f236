# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles give their numbers, and nothing that they name is run."""

from __future__ import annotations

import collections
import gzip
import io
import json
import os
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from other_files import ForeignPickler, JoblibPickler, OneCall, Scripted, torch_file

from hund_blender.errors import ClipError
from hund_blender.other_results import torch_file as reader
from hund_blender.other_results.contents import read_contents
from hund_blender.other_results.plain_pickle import load_plain

ARRAYS = {
    "floats": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big": np.arange(4, dtype=">i4"),
    "empty": np.zeros((0, 3)),
    "flags": np.array([True, False]),
    "text": np.array("neutral"),
}


class Made:
    """Runs whatever it is given when it is unpickled as Python does."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, Any]:
        return self.call


def same(found: Any, wanted: Any) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_numpy_arrays_of_every_protocol(protocol: int) -> None:
    content = pickle.dumps(ARRAYS, protocol)
    same(load_plain(io.BytesIO(content)), ARRAYS)


def test_containers_and_scalars() -> None:
    people: Any = collections.defaultdict(dict)
    people[3]["pose"] = [np.float32(1.5), (1, None, "a", b"b", {2.0})]
    ordered = collections.OrderedDict(a=1, b=people)
    found = load_plain(io.BytesIO(pickle.dumps(ordered)))
    assert found == {"a": 1, "b": {3: {"pose": [1.5, (1, None, "a", b"b", {2.0})]}}}


@pytest.mark.parametrize("packed", [bytes, zlib.compress, gzip.compress])
def test_arrays_as_joblib_writes_them(packed: Any, tmp_path: Path) -> None:
    file = io.BytesIO()
    JoblibPickler(file).dump(ARRAYS)
    path = tmp_path / "wham_output.pkl"
    path.write_bytes(packed(file.getvalue()))
    same(read_contents(path), ARRAYS)


def test_tensors_as_torch_saves_them(tmp_path: Path) -> None:
    path = tmp_path / "result.pt"
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": {"c": np.ones(4)}}
    torch_file(path, tensors)
    found = read_contents(path)
    np.testing.assert_array_equal(found["a"], tensors["a"])
    np.testing.assert_array_equal(found["b"]["c"], np.ones(4))


def test_a_tensor_must_not_reach_beyond_its_data(tmp_path: Path) -> None:
    path = tmp_path / "result.pt"
    torch_file(path, {"a": np.ones(4)}, stride=1000)
    with pytest.raises(ClipError, match="beyond"):
        read_contents(path)


HOSTILE = {
    "os": (os.system, "touch {0}"),
    "eval": (eval, "open({0!r}, 'w')"),
    "exec": (exec, "open({0!r}, 'w')"),
    "open": (open, "{0}", "w"),
    "mkdir": (os.mkdir, "{0}"),
    "getattr": (getattr, "{0}", "upper"),
    "import": (__import__, "antigravity"),
    "load": (np.load, "{0}"),
    "memmap": (np.memmap, "{0}", "u1", "w+", 0, (1,)),
}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_a_pickle_wants_to_run_is_named_and_not_run(
    kind: str, protocol: int, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    function, *arguments = HOSTILE[kind]
    given = [part.format(str(touched)) if isinstance(part, str) else part for part in arguments]
    path = tmp_path / "result.pkl"
    hostile = {"poses": ARRAYS["floats"], "x": Made(function, *given)}
    path.write_bytes(pickle.dumps(hostile, protocol))
    with pytest.raises(ClipError, match=rf"wants to run .*{function.__name__}"):
        read_contents(path)
    assert not touched.exists()


def instructions(*parts: bytes) -> io.BytesIO:
    return io.BytesIO(b"".join(parts) + b".")


@pytest.mark.parametrize(
    "written",
    [
        b"(S'touch x'\nios\nsystem\n",  # INST
        b"(cos\nsystem\nS'touch x'\no",  # OBJ
        b"\x80\x02cos\nsystem\n(X\x01\x00\x00\x00xt\x81",  # NEWOBJ
        b"cnumpy\ndtype\n}S'__code__'\nS'x'\nsb",  # BUILD of a stand-in
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n}S'read'\nS'x'\nsb",
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nmatrix\nI0\nS'b'\ntR",
        # Bytes that are to be taken for objects.
        b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\x00\x00\x00O8\x85RS'12345678'\x86R",
        b"\x80\x02cnumpy\ndtype\nX\x03\x00\x00\x002O8\x85R",
        b"S'x'\nQ",  # BINPERSID
        b"\x80\x02\x82\x01",  # EXT1
        b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93",  # STACK_GLOBAL
        b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93",
    ],
)
def test_other_ways_to_call_are_closed(written: bytes) -> None:
    with pytest.raises(ClipError):
        load_plain(instructions(written))


def test_stand_ins_stay_as_they_are() -> None:
    with pytest.raises(ClipError, match="a change of"):
        load_plain(instructions(b"cnumpy\ndtype\n}S'x'\nI1\nsb"))
    same(load_plain(io.BytesIO(pickle.dumps(ARRAYS))), ARRAYS)


def test_torch_files_run_nothing_either(tmp_path: Path) -> None:
    path, file = tmp_path / "result.pt", io.BytesIO()
    ForeignPickler(file, 2).dump({"x": OneCall("torch", "load", "y")})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", file.getvalue())
    with pytest.raises(ClipError, match=r"wants to run torch\.load"):
        read_contents(path)


def scripted(path: Path, **attributes: Any) -> Any:
    torch_file(path, Scripted("Net", **attributes))
    with zipfile.ZipFile(path) as file:
        module = reader.load_script(file)
        found = module.tensor("inner.weight")
        return None if found is None else found.read()


def test_modules_of_torchscript_have_things_by_name(tmp_path: Path) -> None:
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    inner = Scripted("Inner", weight=weight, training=True)
    np.testing.assert_array_equal(scripted(tmp_path / "a.pt", inner=inner), weight)
    assert scripted(tmp_path / "a.pt", inner=Scripted("Inner")) is None
    assert scripted(tmp_path / "a.pt", inner={"weight": weight}) is None


HOSTILE_MODULES = {
    "call": OneCall("os", "system", "touch x"),
    "code": OneCall("torch.jit._recursive", "compile_unbound_method", "x"),
    "getattr": OneCall("builtins", "getattr", Scripted("Inner"), "tensor"),
    "storage": OneCall("torch", "load", "x"),
}


@pytest.mark.parametrize("kind", HOSTILE_MODULES)
def test_modules_of_torchscript_run_nothing(kind: str, tmp_path: Path) -> None:
    call = HOSTILE_MODULES[kind]
    with pytest.raises(ClipError, match=rf"wants to run {call.module}\.{call.name}"):
        scripted(tmp_path / "a.pt", inner=call)


def test_modules_of_torchscript_are_for_models_alone(tmp_path: Path) -> None:
    torch_file(tmp_path / "a.pt", {"poses": Scripted("Net")})
    with pytest.raises(ClipError, match=r"wants to run __torch__\.made\.Net"):
        read_contents(tmp_path / "a.pt")


def test_only_small_tensors_of_a_model_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "LARGEST_SCRIPT_BYTES", 1000)
    vertices = np.zeros((100, 100))
    read = scripted(tmp_path / "a.pt", inner=Scripted("Inner", weight=np.ones(2)), large=vertices)
    assert read.tolist() == [1.0, 1.0]
    with pytest.raises(ClipError, match="too large"):
        scripted(tmp_path / "a.pt", inner=Scripted("Inner", weight=vertices))


def test_arrays_of_objects_become_lists(tmp_path: Path) -> None:
    people = [{"a": np.arange(3.0)}, {"a": None}]
    np.save(tmp_path / "a.npy", np.array(people, object))
    np.savez(tmp_path / "a.npz", one=np.array(people[0], object), two=[[people[0]], [people[1]]])
    same(read_contents(tmp_path / "a.npy")[0], people[0])
    found = read_contents(tmp_path / "a.npz")
    same(found["one"], people[0])
    same(found["two"][0][0], people[0])
    assert found["two"][1] == [people[1]]


def test_objects_that_are_not_plain_are_left_out(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    hostile = np.array([Made(os.mkdir, str(touched))], object)
    np.savez(tmp_path / "a.npz", trans=np.ones(3), labels=hostile)
    assert list(read_contents(tmp_path / "a.npz")) == ["trans"]
    np.savez(tmp_path / "b.npz", labels=hostile)
    np.save(tmp_path / "b.npy", hostile)
    for name in ("b.npz", "b.npy"):
        with pytest.raises(ClipError, match="wants to run"):
            read_contents(tmp_path / name)
    assert not touched.exists()


@pytest.mark.parametrize("name", ["a.pkl", "a.npz", "a.npy", "a.pt", "a.json", "a.joblib"])
@pytest.mark.parametrize(
    "content",
    [b"", b"nothing", b"PK\x03\x04", b"x\x9c1", b"\x1f\x8b1", b"\x80\x04", b"BZh9", b"\x93NUMPY"],
)
def test_broken_files_are_told(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClipError, match=name):
        read_contents(tmp_path / name)


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"gone\.npz cannot be read"):
        read_contents(tmp_path / "gone.npz")


def test_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"trans": [[1, 2, 3]]}))
    assert read_contents(tmp_path / "a.json") == {"trans": [[1, 2, 3]]}
