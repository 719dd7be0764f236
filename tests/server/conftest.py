# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.people import PeopleFinder
from model_server.pipeline import Pipeline, load_pipeline
from tests.server.tiny_body import write_tiny_body
from tests.server.tiny_descent import write_tiny_descent
from tests.server.tiny_encoder import write_tiny_encoder
from tests.server.tiny_face import write_tiny_face


@pytest.fixture(scope="session")
def tiny_assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of assets: the tiny descent, the tiny face network and the tiny body."""
    folder = tmp_path_factory.mktemp("assets")
    write_tiny_descent(folder / "descent.onnx")
    write_tiny_encoder(folder / "encoder.onnx")
    write_tiny_face(folder / "face.onnx")
    write_tiny_body(folder / "anny.npz")
    return folder


@pytest.fixture(scope="session")
def people_finder() -> Iterator[PeopleFinder]:
    finder = PeopleFinder()
    yield finder
    finder.close()


@pytest.fixture(scope="session")
def pipeline(tiny_assets: Path) -> Iterator[Pipeline]:
    """Real landmarks, tiny descent."""
    pipeline = load_pipeline(tiny_assets)
    yield pipeline
    pipeline.close()
