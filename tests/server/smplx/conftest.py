# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.smplx_stand_in import stand_in
from model_server.settings import ASSETS
from model_server.smplx.asset import asset_of
from model_server.smplx.model import SmplxModel
from model_server.smplx.model_file import read_model
from model_server.smplx.our_body import OurBody


@pytest.fixture(scope="session")
def arrays() -> dict[str, Any]:
    """What an older file holds, with 10 shapes and 10 expressions."""
    return stand_in(20)


@pytest.fixture(scope="session")
def model_file(arrays: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("smplx") / "SMPLX_NEUTRAL.npz"
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="session")
def model(model_file: Path) -> SmplxModel:
    return read_model(model_file)


@pytest.fixture(scope="session")
def our_body() -> OurBody:
    return OurBody(ASSETS / "anny.npz")


@pytest.fixture(scope="session")
def asset(our_body: OurBody, model: SmplxModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The body that the model file becomes."""
    path = tmp_path_factory.mktemp("asset") / "smplx.npz"
    path.write_bytes(asset_of(our_body, model))
    return path
