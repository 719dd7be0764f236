# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from model_server.learning.encoder.export import DEFAULT_OUT, INPUTS, FromCrops, example
from model_server.learning.encoder.from_graph import encoder_in
from model_server.learning.export_onnx import DEFAULT_OUT as OTHER_KIND
from model_server.learning.onnx_graph import PARITY, parity


def test_the_encoder_of_the_graph_that_ships_answers_as_the_graph_does() -> None:
    assert parity(FromCrops(encoder_in(DEFAULT_OUT)).eval(), example, DEFAULT_OUT, INPUTS) < PARITY


def test_a_graph_of_another_kind_is_refused() -> None:
    with pytest.raises((TypeError, ValueError)):
        encoder_in(OTHER_KIND)
