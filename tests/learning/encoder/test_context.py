# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_server.learning.body.landmark_model import LandmarkModel
from model_server.learning.encoder.config import EncoderConfig
from model_server.learning.encoder.context import (
    ContextTraining,
    insights_of,
    only_features,
    rewrite,
    terms_of,
    train,
)
from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.insight import packed, read_insight, unpacked, write_insight
from model_server.learning.encoder.read import read_shard_people, write
from model_server.learning.network.picture import nothing_read
from model_server.learning.runs import start
from model_server.learning.samples.picture_files import encoded_path
from model_server.learning.samples.store import Samples
from model_server.learning.shards import write_shard
from model_server.learning.training.batch import people_of

CONFIG = EncoderConfig(stem=8, widths=(8, 8, 16), blocks=(1, 1, 1), decoder=8, hidden=16)


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(CONFIG).eval()


@pytest.fixture
def shard(samples: Samples, encoder: Encoder, tmp_path: Path) -> Path:
    """A shard whose pictures were read, its insight random."""
    path = tmp_path / "0000.npz"
    write_shard(samples, path)
    people = people_of(samples)
    generator = torch.Generator().manual_seed(0)
    width = 288 * 68 + encoder.pooled
    rows, mirror_rows = torch.rand(2, len(people), width, generator=generator)
    write_insight(rows, mirror_rows, path)
    reading = replace(nothing_read(people.detection), present=torch.ones(len(people), 1))
    write(reading, people.mirror_features, encoded_path(path))
    return path


def test_insight_is_packed_and_unpacked(encoder: Encoder) -> None:
    rows = torch.rand(3, 288 * 68 + encoder.pooled)
    insight = unpacked(rows)
    assert insight.pooled.shape == (3, encoder.pooled)
    assert torch.equal(packed(insight), rows)


def test_features_written_anew_are_those_of_the_encoder(encoder: Encoder, shard: Path) -> None:
    rewrite([shard], encoder)
    rows, mirror_rows = read_insight(shard)
    people = read_shard_people(shard)
    with torch.no_grad():
        for told, seen in ((people.reading.features, rows), (people.mirror_features, mirror_rows)):
            assert torch.allclose(told, encoder.features_of(unpacked(seen.float())), atol=1e-2)


def test_teaching_lowers_what_is_missed_and_leaves_other_layers(
    encoder: Encoder, shard: Path, landmark_model: LandmarkModel, tmp_path: Path
) -> None:
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    people = insights_of([shard])
    config = ContextTraining(
        steps=25, batch=16, warm_up=5, held_out=2, forgotten=0.0, encoder=CONFIG
    )
    missed = sum(terms_of(encoder, people[:16], landmark_model).values()).item()
    run = start(only_features(encoder), config, tmp_path / "context.pt")
    train(people, config, run, tmp_path / "context.pt")
    assert sum(terms_of(run.network, people[:16], landmark_model).values()).item() < 0.9 * missed
    changed = {
        name.split(".")[0]
        for name, value in run.network.state_dict().items()
        if not np.array_equal(value, before[name])
    }
    assert changed == {"condense", "features", "guess"}
