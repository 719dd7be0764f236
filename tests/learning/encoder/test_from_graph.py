# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from model_server.learning.encoder.dataset import Shard, crops_of
from model_server.learning.encoder.encode import encode
from model_server.learning.encoder.export import DEFAULT_OUT, INPUTS, FromCrops, example
from model_server.learning.encoder.from_graph import encoder_in, normalise_again
from model_server.learning.export_onnx import DEFAULT_OUT as OTHER_KIND
from model_server.learning.onnx_graph import PARITY, parity


def test_the_encoder_of_the_graph_that_ships_answers_as_the_graph_does() -> None:
    assert parity(FromCrops(encoder_in(DEFAULT_OUT)).eval(), example, DEFAULT_OUT, INPUTS) < PARITY


def test_normalised_again_it_says_the_same_also_while_it_learns(shard: Shard) -> None:
    crops, _ = crops_of(shard, np.arange(8), None)
    encoder = encoder_in(DEFAULT_OUT)
    with torch.no_grad():
        before = encode(encoder, crops)
        normalise_again(encoder, crops)
        after, learning = encode(encoder, crops), encode(encoder.train(), crops)
    for now in (after, learning):
        for name in ("heat", "parts", "features"):
            gap = (getattr(now, name) - getattr(before, name)).abs().max()
            assert gap < 1e-3 * getattr(before, name).abs().max(), name


def test_a_graph_of_another_kind_is_refused() -> None:
    with pytest.raises((TypeError, ValueError)):
        encoder_in(OTHER_KIND)
