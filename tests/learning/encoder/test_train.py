# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
from pathlib import Path

import numpy as np
import torch

from model_server.learning.encoder.config import EncoderConfig, EncoderTraining
from model_server.learning.encoder.dataset import Shard, crops_of
from model_server.learning.encoder.encoder import load_encoder
from model_server.learning.encoder.train import advance, new_encoder
from model_server.learning.runs import save, start

TINY = EncoderTraining(
    steps=1000,
    batch=8,
    warm_up=5,
    half_precision=False,
    encoder=EncoderConfig(stem=8, widths=(8, 8, 16), blocks=(1, 1, 1), decoder=8, features=16),
)


def test_training_learns_a_batch_by_heart_and_resumes(shard: Shard, tmp_path: Path) -> None:
    path = tmp_path / "encoder.pt"
    batch = crops_of(shard, np.arange(8), None)
    run = start(new_encoder(TINY), TINY, path)
    terms = [advance(run, batch, TINY) for _ in range(25)]
    assert terms[-1]["parts"] < 0.9 * terms[0]["parts"]
    save(run, TINY, path)
    again = start(new_encoder(TINY), TINY, path)
    assert again.step == 25
    for name, value in run.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name
    assert dataclasses.asdict(load_encoder(path).config) == dataclasses.asdict(TINY.encoder)
