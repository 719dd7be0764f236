# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import pytest
import torch
from torch import Tensor

from model_server.learning.body.surface import POINTS_PER_PART
from model_server.learning.network.alignment import align
from model_server.learning.network.picture import CELLS, FEATURES, PARTS, PIXELS, Sight, spread_out

PART = 4


def sight_of_square(centre: tuple[float, float]) -> Sight:
    """One part fills a square of side 1 around a point; the crop spans -2…2 extents."""
    middles = (torch.arange(CELLS) + 0.5) / CELLS * 4 - 2
    cells = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), 2).flatten(0, 1)
    parts = torch.zeros(1, PARTS, CELLS, CELLS)
    parts[0, PART] = ((cells - torch.tensor(centre)).abs() < 0.5).all(1).float().view(CELLS, CELLS)
    shares, chosen = spread_out(parts)
    nothing = torch.zeros(1, 33, 2)
    return Sight(
        features=torch.zeros(1, FEATURES),
        shares=shares,
        pixels=cells[chosen],
        heat=nothing,
        heat_trust=nothing[..., 0],
        present=torch.ones(1, 1),
    )


def points_around(centre: tuple[float, float]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    points = torch.zeros(1, PARTS, POINTS_PER_PART, 2)
    square = torch.rand(POINTS_PER_PART, 2, generator=generator) * 0.8 - 0.4
    points[0, PART] = square + torch.tensor(centre)
    return points.flatten(1, 2)


FACING = torch.ones(1, PARTS * POINTS_PER_PART)


def test_both_ways_point_from_the_body_to_the_part() -> None:
    found = align(points_around((-0.9, 0.1)), FACING, sight_of_square((0.6, 0.1)))
    assert found.cover[0, PART, 0] < -0.5  # the nearest points lie to the left of the pixels
    assert found.stay[0, PART, 0] > 0.5  # and must go to the right to reach them
    assert found.seen[0].sum() == 1


def test_energies_fall_all_the_way_as_the_body_moves_onto_the_part() -> None:
    sight = sight_of_square((0.6, 0.1))
    energies = torch.stack(
        [
            align(points_around((x, 0.1)), FACING, sight).energies[0].sum()
            for x in (-1.5, -0.9, -0.3, 0.2, 0.6)
        ]
    )
    assert (energies.diff() < 0).all()


def test_points_that_look_away_do_not_count() -> None:
    points = points_around((0.6, 0.1))
    stray = points.clone()
    first = PART * POINTS_PER_PART
    stray[0, first] = torch.tensor([-1.8, -1.8])
    facing = FACING.clone()
    facing[0, first] = 0
    sight = sight_of_square((0.6, 0.1))
    away, towards = (align(stray, f, sight).energies[0, 1] for f in (facing, FACING))
    assert away < 0.5 * towards


def test_nothing_read_means_nothing_to_align_with() -> None:
    sight = sight_of_square((0.0, 0.0))
    blind = dataclasses.replace(sight, shares=torch.zeros_like(sight.shares))
    found = align(points_around((0.5, 0.5)), FACING, blind)
    assert found.energies.abs().max() == 0
    assert found.cover.abs().max() == 0


def test_the_pixels_of_a_part_are_spread_over_it() -> None:
    sight = sight_of_square((0.6, 0.1))
    assert (sight.shares[0, PART] == 1).all()
    pixels = sight.pixels[0, PART]
    assert len(pixels.unique(dim=0)) == PIXELS
    assert (pixels.mean(0) - torch.tensor([0.6, 0.1])).abs().max() < 0.15
    assert (pixels.amax(0) - pixels.amin(0)).min() > 0.6


def test_a_small_part_is_all_of_its_pixels() -> None:
    parts = torch.zeros(1, PARTS, CELLS, CELLS)
    parts[0, PART, 3, 5], parts[0, PART, 4, 5] = 0.9, 0.6
    shares, chosen = spread_out(parts)
    kept = dict(zip(chosen[0, PART].tolist(), shares[0, PART].tolist(), strict=True))
    assert kept[3 * CELLS + 5] == pytest.approx(0.9)
    assert kept[4 * CELLS + 5] == pytest.approx(0.6)
    assert sum(kept.values()) == pytest.approx(1.5)
