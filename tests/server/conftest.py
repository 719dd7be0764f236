# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.people import PeopleFinder
from model_server.pipeline import Pipeline, load_pipeline
from tests.server.tiny_assets import write_tiny_assets


@pytest.fixture(scope="session")
def tiny_assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny networks and the tiny body."""
    return write_tiny_assets(tmp_path_factory.mktemp("assets"))


@pytest.fixture(scope="session")
def people_finder() -> Iterator[PeopleFinder]:
    finder = PeopleFinder()
    yield finder
    finder.close()


@pytest.fixture(scope="session")
def pipeline(tiny_assets: Path) -> Iterator[Pipeline]:
    """Real landmarks, tiny networks."""
    pipeline = load_pipeline(tiny_assets)
    yield pipeline
    pipeline.close()
