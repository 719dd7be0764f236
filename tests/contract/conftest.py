# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Iterator

import pytest

from model_server.pipeline import Pipeline, load_pipeline
from tests.server.tiny_assets import write_tiny_assets


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Real detectors and tiny networks."""
    pipeline = load_pipeline(write_tiny_assets(tmp_path_factory.mktemp("assets")))
    yield pipeline
    pipeline.close()
