# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from model_server.learning.details.crops import mirrored_places
from model_server.learning.details.encoder import FEATURES
from model_server.learning.details.looks import LOOKS, Look, read_looks, write_looks
from model_server.learning.details.reading import (
    DetailReading,
    nothing_read,
    reading_of,
    seen_through,
    told,
    told_size,
    unread,
)
from model_server.learning.encoder.crop_encoder import Encoded
from model_server.learning.encoder.heat import landmark_maps
from model_server.squares import from_square, square_around

COUNT, LANDMARKS = 5, 4


def some_reading(seed: int) -> DetailReading:
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.rand(COUNT, *shape, generator=generator)

    return DetailReading(
        drawn(FEATURES), 100 * drawn(LANDMARKS, 2), drawn(LANDMARKS), torch.ones(COUNT, 1)
    )


def encoded_at(places: torch.Tensor) -> Encoded:
    """As if the encoder saw the landmarks at places (B, L, 2)."""
    heat = landmark_maps(places, torch.ones(places.shape[:2])).clamp(min=1e-6).log()
    return Encoded(heat, torch.zeros(0), torch.zeros(len(places), FEATURES), torch.zeros(0))


def test_what_an_encoder_sees_is_told_in_pixels_of_the_picture() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (COUNT, 9, 2))
    squares = np.stack([square_around(each, rng.normal(size=2), 1.2) for each in points])
    places = torch.rand(COUNT, LANDMARKS, 2) * 0.6 + 0.2
    square_tensor = torch.from_numpy(squares).float()
    reading = reading_of(encoded_at(places), square_tensor)
    for square, where, px in zip(squares, places, reading.heat_px, strict=True):
        np.testing.assert_allclose(px, from_square(square, where.numpy()), atol=3)
    order = [1, 0, 2, 3]
    in_mirror = reading_of(encoded_at(mirrored_places(places, order)), square_tensor, order)
    torch.testing.assert_close(in_mirror.heat_px, reading.heat_px, atol=0.1, rtol=0)


def test_what_was_not_read_tells_nothing() -> None:
    reading, everybody = some_reading(0), torch.ones(COUNT, dtype=torch.bool)
    points = torch.rand(COUNT, LANDMARKS, 2)
    blank = seen_through(nothing_read(points), lambda px: px)
    kept_back = seen_through(unread(reading, everybody), lambda px: px)
    assert told(blank, points).abs().max() == 0
    assert told(kept_back, points).abs().max() == 0
    seen = told(seen_through(reading, lambda px: px), points)
    assert seen.shape == (COUNT, told_size(LANDMARKS))
    assert (seen != 0).float().mean() > 0.9


def test_looks_come_back(tmp_path: Path) -> None:
    looks = [Look(some_reading(look), some_reading(10 + look)) for look in range(LOOKS)]
    shard = tmp_path / "0000.npz"
    write_looks(looks, shard)
    again = read_looks(shard, torch.zeros(COUNT, LANDMARKS, 2))
    assert len(again) == LOOKS
    for look, back in zip(looks, again, strict=True):
        for side in ("reading", "mirror"):
            for field in fields(DetailReading):
                ours, theirs = (getattr(getattr(each, side), field.name) for each in (look, back))
                torch.testing.assert_close(theirs, ours, atol=1e-3, rtol=0)


def test_shards_that_nobody_read_tell_so(tmp_path: Path) -> None:
    looks = read_looks(tmp_path / "0000.npz", torch.ones(COUNT, LANDMARKS, 2))
    assert len(looks) == LOOKS
    assert all((look.reading.present == 0).all() for look in looks)
