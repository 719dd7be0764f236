# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
import torch
from torch import Tensor

from model_server.learning.encoder.appearance import (
    blurred,
    disturbed,
    greyed,
    noisy,
    patched,
    recoloured,
)

CHANGES = (disturbed, recoloured, greyed, patched, blurred, noisy)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(16, 3, 32, 32, generator=generator(9))


@pytest.mark.parametrize("change", CHANGES)
def test_images_stay_images_and_seeds_tell_how(images: Tensor, change: object) -> None:
    assert callable(change)
    once, again, other = (change(images, generator(seed)) for seed in (1, 1, 2))
    assert once.shape == images.shape
    assert once.min() >= 0
    assert once.max() <= 1
    assert torch.equal(once, again)
    assert change is greyed or not torch.equal(once, other)


def test_some_stay_as_they_are_or_nearly(images: Tensor) -> None:
    many = images.repeat(20, 1, 1, 1)
    change = (disturbed(many, generator()) - many).abs().mean((1, 2, 3))
    assert (change < 0.01).any()
    assert (change > 0.1).any()


def test_blur_keeps_even_areas_and_evens_out_the_others(images: Tensor) -> None:
    even = torch.full_like(images, 0.3)
    assert torch.allclose(blurred(even, generator()), even, atol=1e-6)
    assert (blurred(images, generator()).std((2, 3)) < images.std((2, 3))).all()


def test_patches_are_plain_or_of_the_picture_before(images: Tensor) -> None:
    got = patched(images, generator())
    hidden = (got != images).any(1)
    assert 0.01 < hidden.float().mean() < 0.4
    of_another = (got == images.roll(1, 0)).all(1)
    assert (hidden & of_another).any()
    assert (hidden & ~of_another).any()
