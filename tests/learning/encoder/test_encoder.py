# SPDX-License-Identifier: GPL-3.0-or-later
import torch

from model_server.learning.encoder.config import MAP_PX, EncoderConfig
from model_server.learning.encoder.encoder import Encoder
from model_server.learning.encoder.heat import landmark_maps, places
from model_server.person_crop import CROP_PX, VIEW_PX


def test_shapes_and_that_every_input_counts() -> None:
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(stem=8, widths=(8, 8, 16), blocks=(1, 1, 1), decoder=8)).eval()
    inputs = (
        torch.rand(2, 3, CROP_PX, CROP_PX),
        torch.rand(2, 1, CROP_PX, CROP_PX),
        torch.rand(2, 3, VIEW_PX, VIEW_PX),
        torch.rand(2, 33, 2),
        torch.rand(2, 33),
    )
    encoded = encoder(*inputs)
    assert encoded.heat.shape == (2, 33, MAP_PX, MAP_PX)
    assert encoded.parts.shape == (2, 16, MAP_PX, MAP_PX)
    for i in range(len(inputs)):
        changed = list(inputs)
        changed[i] = inputs[i] * 0.5
        assert (encoder(*changed).features - encoded.features).abs().max() > 1e-6


def test_a_landmark_map_peaks_at_its_landmark_and_is_read_back() -> None:
    landmarks = torch.rand(4, 33, 2) * 0.6 + 0.2
    maps = landmark_maps(landmarks, torch.ones(4, 33))
    where, _ = places(maps.clamp(min=1e-6).log())
    assert (where - landmarks).abs().max() < 0.5 / MAP_PX


def test_what_is_not_visible_is_not_drawn() -> None:
    maps = landmark_maps(torch.full((1, 33, 2), 0.5), torch.zeros(1, 33))
    assert maps.abs().max() == 0
