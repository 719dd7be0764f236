# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.people import PeopleFinder
from model_server.pipeline import Pipeline
from model_server.session import OnnxDescent
from tests.server.tiny_descent import write_tiny_descent


@pytest.fixture(scope="session")
def tiny_assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of assets: the tiny descent and a few bytes for a body."""
    folder = tmp_path_factory.mktemp("assets")
    write_tiny_descent(folder / "descent.onnx")
    (folder / "anny.npz").write_bytes(b"a body" * 100)
    return folder


@pytest.fixture(scope="session")
def people_finder() -> Iterator[PeopleFinder]:
    finder = PeopleFinder()
    yield finder
    finder.close()


@pytest.fixture(scope="session")
def pipeline(tiny_assets: Path) -> Iterator[Pipeline]:
    """Real landmarks, tiny descent."""
    pipeline = Pipeline(OnnxDescent(tiny_assets / "descent.onnx"))
    yield pipeline
    pipeline.close()
