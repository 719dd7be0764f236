# SPDX-License-Identifier: GPL-3.0-or-later
"""The authors' package loads the model where it can be imported, and never sees a foreign pickle.

Most tests have a double in its place, which keeps of a file what the package does.
"""

import logging
import os
import pickle
import sys
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from model_server.errors import BadModelError
from model_server.settings import ASSETS
from model_server.smplx import cached
from model_server.smplx.cached import smplx_asset
from model_server.smplx.model import SmplxModel
from model_server.smplx.model_file import read_model
from model_server.smplx.package import PACKAGE, in_package, load_model

NOT_HERE = "the authors' package is not installed"
ARRAYS = [field.name for field in fields(SmplxModel) if field.name != "loaded_by"]


class Tensor:
    """As torch's, from which there is one way to numpy."""

    def __init__(self, content: np.ndarray) -> None:
        self.content = content

    def detach(self) -> "Tensor":
        return self

    cpu = detach

    def numpy(self) -> np.ndarray:
        return self.content


class Double:
    """In place of the package's module; only plain arrays are read."""

    files: list[Path] = []  # noqa: RUF012 - every test has its own class

    def __init__(
        self, path: str, *, ext: str, num_betas: int, num_expression_coeffs: int, **_: bool
    ) -> None:
        print("WARNING: You are using a SMPL-X model, with only 10 shape coefficients.")  # noqa: T201 - so it does
        assert ext == "npz"
        self.files.append(Path(path))
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        floats = {name: values.astype(np.float32) for name, values in arrays.items()}
        self.v_template = Tensor(floats["v_template"])
        self.shapedirs = Tensor(floats["shapedirs"][..., :num_betas])
        self.expr_dirs = Tensor(floats["shapedirs"][..., num_betas:])
        assert self.expr_dirs.content.shape[2] == num_expression_coeffs
        self.posedirs = Tensor(floats["posedirs"].reshape(-1, 486).T)
        self.J_regressor = Tensor(floats["J_regressor"])
        self.lbs_weights = Tensor(floats["weights"])
        self.faces_tensor = Tensor(arrays["f"].astype(np.int64))


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> type[Double]:
    made = type("OneDouble", (Double,), {"files": []})
    monkeypatch.setitem(sys.modules, "smplx", SimpleNamespace(SMPLX=made))
    return made


def same(a: SmplxModel, b: SmplxModel) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ARRAYS)


@pytest.mark.parametrize("ending", ["npz", "pkl"])
def test_it_is_given_plain_arrays_and_asked_for_what_it_keeps(
    arrays: dict[str, Any],
    model: SmplxModel,
    tmp_path: Path,
    double: type[Double],
    capsys: pytest.CaptureFixture[str],
    ending: str,
) -> None:
    path = tmp_path / f"SMPLX_MALE.{ending}"
    if ending == "npz":
        np.savez(path, **arrays, part2num=np.array({"Global": 0}, object))
    else:
        path.write_bytes(pickle.dumps({**arrays, "part2num": {"Global": 0}}))
    found = load_model(path)
    assert found.loaded_by == PACKAGE
    assert same(found, model)
    assert len(double.files) == 1
    assert double.files[0] != path
    assert not double.files[0].parent.exists()
    told = capsys.readouterr()
    assert told.out == ""  # where answers are
    assert "only 10 shape" in told.err


def test_a_pickle_that_wants_to_run_something_never_reaches_it(
    tmp_path: Path, double: type[Double]
) -> None:
    class Hostile:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path / 'trace'}",)

    path = tmp_path / "SMPLX_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps({"v_template": Hostile()}))
    with pytest.raises(BadModelError, match=r"wants to run .*system; it was not run"):
        load_model(path)
    assert double.files == []
    assert not (tmp_path / "trace").exists()


def broken(*_: Any, **__: Any) -> None:
    raise OSError("c10.dll is damaged")


@pytest.mark.parametrize(
    ("package", "why"),
    [
        (None, "import of smplx halted"),
        (SimpleNamespace(), "has no attribute 'SMPLX'"),
        (SimpleNamespace(SMPLX=broken), "c10.dll is damaged"),
    ],
)
def test_without_one_that_works_our_own_reader_is_used(
    model_file: Path,
    model: SmplxModel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    package: Any,
    why: str,
) -> None:
    monkeypatch.setitem(sys.modules, "smplx", package)
    with caplog.at_level(logging.INFO):
        found = load_model(model_file)
    assert found.loaded_by == model.loaded_by == "our own reader"
    assert same(found, model)
    first, second = caplog.messages
    assert first.startswith("the smplx package does not load SMPLX_NEUTRAL.npz (")
    assert why in first
    assert second == "SMPLX_NEUTRAL.npz is loaded by our own reader"


def test_the_server_makes_its_body_of_what_the_package_loaded(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, double: type[Double]
) -> None:
    monkeypatch.setenv("HUND_CACHE", str(tmp_path))
    monkeypatch.setattr(cached, "asset_of", lambda _, model: model.loaded_by.encode())
    assert smplx_asset(model_file, ASSETS).read_bytes() == PACKAGE.encode()
    assert len(double.files) == 1


@pytest.fixture(params=[20, 400])
def any_model(request: pytest.FixtureRequest, model: SmplxModel) -> SmplxModel:
    """As small files have it, and with as many directions as large ones."""
    if request.param == 20:
        return model
    rng = np.random.default_rng(0)
    return SmplxModel(
        **{
            **vars(model),
            "shapes": rng.normal(0, 0.001, (10475, 3, 300)),
            "expressions": rng.normal(0, 0.001, (10475, 3, 100)),
        }
    )


def test_the_package_itself_says_the_same(any_model: SmplxModel, tmp_path: Path) -> None:
    """Their licence forbids to ship it, or to depend on it; whoever has it can compare."""
    pytest.importorskip("smplx", reason=NOT_HERE)
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    np.savez(
        path,
        v_template=any_model.template,
        shapedirs=np.concatenate([any_model.shapes, any_model.expressions], 2),
        posedirs=any_model.pose_directions,
        J_regressor=any_model.joint_regressor,
        weights=any_model.weights,
        kintree_table=np.zeros((2, 55), np.int64),
        f=any_model.faces,
        vt=any_model.uvs,
        ft=any_model.face_uvs,
    )
    ours, theirs = read_model(path), load_model(path)
    assert theirs.loaded_by == PACKAGE
    assert same(theirs, ours)
    assert posed_apart_m(theirs, in_package(ours)) < 1e-5


def test_formulas_are_those_of_the_package(
    arrays: dict[str, Any], model: SmplxModel, tmp_path: Path
) -> None:
    """Whose module is made here of the file as it is, and calculates in 64 bits."""
    smplx = pytest.importorskip("smplx", reason=NOT_HERE)
    torch = pytest.importorskip("torch")
    (tmp_path / "smplx").mkdir()
    np.savez(tmp_path / "smplx" / "SMPLX_NEUTRAL.npz", **arrays)
    module = smplx.create(
        str(tmp_path), "smplx", ext="npz", use_pca=False, flat_hand_mean=True, dtype=torch.float64
    )
    assert posed_apart_m(model, module) < 1e-5


def posed_apart_m(model: SmplxModel, module: Any) -> float:
    """How far skins and joints of somebody random are from what the package's module says."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    betas = rng.normal(size=model.shapes.shape[2])
    expression = rng.normal(size=model.expressions.shape[2])
    vectors, transl = 0.4 * rng.normal(size=(55, 3)), rng.normal(size=3)
    parts = {
        "betas": betas, "expression": expression, "transl": transl,
        "global_orient": vectors[0], "body_pose": vectors[1:22], "jaw_pose": vectors[22],
        "leye_pose": vectors[23], "reye_pose": vectors[24],
        "left_hand_pose": vectors[25:40], "right_hand_pose": vectors[40:],
    }  # fmt: skip
    output = module(
        **{
            name: torch.tensor(part.reshape(1, -1), dtype=module.dtype)
            for name, part in parts.items()
        }
    )
    skin, joints = model.posed(betas, expression, vectors, transl)
    found = (output.vertices[0], skin), (output.joints[0, :55], joints)
    return max(float(np.abs(theirs.detach().numpy() - ours).max()) for theirs, ours in found)
