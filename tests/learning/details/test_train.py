# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model_server.learning.details import read
from model_server.learning.details.crops import DetailCrops
from model_server.learning.details.encoder import SMALL, DetailEncoder
from model_server.learning.details.export import export
from model_server.learning.details.kinds import KINDS, Kind
from model_server.learning.details.looks import LOOKS
from model_server.learning.details.read import look_at, looks_at
from model_server.learning.details.train import (
    DetailTraining,
    advance,
    encode,
    load_encoder,
    new_encoder,
    train,
)
from model_server.learning.encoder.config import EncoderConfig
from model_server.learning.encoder.crop_encoder import Encoded
from model_server.learning.onnx_graph import PARITY
from model_server.learning.runs import start
from tests.learning.details.made_up import DotLesson, dots

TINY = DetailTraining(
    steps=3,
    batch=8,
    warm_up=2,
    half_precision=False,
    encoder=EncoderConfig(
        stem=8, widths=(8, 8, 16), blocks=(1, 1, 1), decoder=8, features=SMALL.features
    ),
)
ROWS = np.arange(8)
FOREVER = float("inf")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("details") / "dots_encoder.pt"
    train(dots(12), ROWS, np.arange(8, 12), TINY, path, FOREVER)
    return path


def test_training_learns_a_batch_by_heart(tmp_path: Path) -> None:
    lesson = dots(8)
    config = replace(TINY, steps=1000)
    run = start(new_encoder(lesson.contents, config), config, tmp_path / "none.pt")
    batch = lesson.drawn(ROWS, None)
    terms = [advance(run, lesson, config, None, batch) for _ in range(30)]
    assert terms[-1]["heat"] < 0.9 * terms[0]["heat"]


def test_training_goes_on_from_its_checkpoint(checkpoint: Path) -> None:
    lesson = dots(12)
    assert asdict(load_encoder(checkpoint, lesson.contents).config) == asdict(TINY.encoder)
    longer = replace(TINY, steps=5)
    run = train(lesson, ROWS, np.arange(8, 12), longer, checkpoint, FOREVER)
    assert run.step == 5


def test_every_look_is_disturbed_in_its_own_way_and_so_is_its_mirror_image(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int | None] = []

    def noted(
        encoder: DetailEncoder, crops: DetailCrops, generator: torch.Generator | None
    ) -> Encoded:
        seeds.append(None if generator is None else generator.initial_seed())
        return encode(encoder, crops, generator)

    monkeypatch.setattr(read, "encode", noted)
    looks_at(dots(6, mirror=[1, 0, 2]), load_encoder(checkpoint, DotLesson.contents))
    assert seeds[::2] == seeds[1::2]
    assert seeds[0] is None
    assert len(set(seeds)) == LOOKS


def test_looks_differ_and_those_in_the_mirror_are_brought_back(checkpoint: Path) -> None:
    plain, both = dots(6), dots(6, mirror=[1, 0, 2])
    encoder = load_encoder(checkpoint, DotLesson.contents)
    looks = looks_at(both, encoder)
    assert (looks[0].reading.features - looks[1].reading.features).abs().max() > 1e-4
    square_px = np.linalg.norm(both.pictures.squares[:, :, 0], axis=1)
    middles = torch.from_numpy(both.pictures.squares @ [0.5, 0.5, 1.0])
    for reading in (looks[0].reading, looks[0].mirror):
        away = (reading.heat_px - middles[:, None]).norm(dim=2).amax(1)
        assert (away < torch.from_numpy(square_px)).all()
    alone = look_at(plain, encoder, None)
    assert torch.equal(alone.reading.heat_px, alone.mirror.heat_px)
    torch.testing.assert_close(alone.reading.heat_px, looks[0].reading.heat_px)


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning", "ignore:# The axis name:UserWarning")
def test_the_exported_graph_says_what_torch_says(checkpoint: Path) -> None:
    kind = Kind("dots", lambda _: dots(1), DotLesson.contents, 5, (4, 0, 2), KINDS["hands"].split)
    assert export(kind, checkpoint, checkpoint.with_suffix(".onnx")) < PARITY


def test_kinds_hold_out_what_their_descents_hold_out() -> None:
    for kind in KINDS.values():
        held_out, rows = kind.split(2000)
        assert len(np.intersect1d(held_out, rows)) == 0
        assert len(held_out) + len(rows) == 2000
    assert KINDS["hands"].split(2000)[0].min() > KINDS["hands"].split(2000)[1].max()
