# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks of looks, put together, and the line around them."""

import numpy as np
import pytest

from model_server.arrays import FloatArray
from model_server.crops import Crop
from model_server.silhouettes import Contour, Mask, contour_of, together

SQUARE = Crop(100, 50, 400, 256)  # of a picture of 600 by 800 pixels
PICTURE = (600, 800)
MIDDLE, RADIUS = np.array([290.0, 260.0]), 120.0


def disc(crop: Crop, middle: FloatArray = MIDDLE) -> Mask:
    """What an upright look at a disc of the picture has for a mask."""
    places = (np.arange(crop.size) + 0.5) * crop.scale
    x, y = np.meshgrid(places + crop.left, places + crop.top)
    return Mask((np.hypot(x - middle[0], y - middle[1]) < RADIUS).astype(np.float32), crop)


def test_the_line_is_around_the_person_and_looks_outwards() -> None:
    contour = contour_of(disc(SQUARE), PICTURE)
    assert 50 < len(contour.px) <= 120
    away = contour.px - MIDDLE
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), RADIUS, atol=2)
    directions = away / np.linalg.norm(away, axis=1, keepdims=True)
    assert (contour.outward * directions).sum(axis=1).min() > 0.95
    around = np.sort(np.arctan2(*directions.T))
    assert np.diff(around).max() < 0.2  # nowhere missing


def test_a_hole_is_bounded_too() -> None:
    ring = Mask(disc(SQUARE).shares * (1 - _small(SQUARE)), SQUARE)
    inner = contour_of(ring, PICTURE)
    near = np.linalg.norm(inner.px - MIDDLE, axis=1) < RADIUS / 2
    assert near.any()
    assert ((inner.px - MIDDLE)[near] * inner.outward[near]).sum(axis=1).max() < 0


def _small(crop: Crop) -> FloatArray:
    places = (np.arange(crop.size) + 0.5) * crop.scale
    x, y = np.meshgrid(places + crop.left, places + crop.top)
    return (np.hypot(x - MIDDLE[0], y - MIDDLE[1]) < RADIUS / 3).astype(np.float32)


def test_what_the_picture_cuts_is_no_line_of_theirs() -> None:
    cut = np.array([0.0, 200.0])
    square = Crop(-200, 0, 400, 256)
    mask = disc(square, cut)
    places = (np.arange(square.size) + 0.5) * square.scale + square.left
    seen = Mask(mask.shares * (places > 0), square)  # nobody is seen beyond the border
    contour = contour_of(seen, PICTURE)
    assert len(contour.px)
    assert contour.px[:, 0].min() > 1
    np.testing.assert_allclose(np.linalg.norm(contour.px - cut, axis=1), RADIUS, atol=2.5)


def test_nobody_has_no_line() -> None:
    nobody = Mask(np.zeros((64, 64), np.float32), Crop(0, 0, 64, 64))
    assert contour_of(nobody, PICTURE).px.shape == (0, 2)


def test_a_line_grows_with_its_picture() -> None:
    contour = Contour(np.array([[3.0, 4.0]], np.float32), np.array([[0.0, 1.0]], np.float32))
    twice = contour.scaled(2)
    np.testing.assert_array_equal(twice.px, [[6, 8]])
    np.testing.assert_array_equal(twice.outward, contour.outward)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_however_somebody_was_looked_at_they_are_in_one_place(turns: int, mirrored: bool) -> None:
    way = Crop(80, 30, 420, 256).turned(turns, mirrored=mirrored)
    upright = disc(Crop(80, 30, 420, 256)).shares
    seen = np.rot90(upright, turns)
    look = Mask(np.ascontiguousarray(seen[:, ::-1] if mirrored else seen), way)
    mean = together([look, disc(SQUARE)], SQUARE)
    assert mean is not None
    assert np.abs(mean.shares - disc(SQUARE).shares).mean() < 0.01


def test_of_no_looks_there_is_no_mask() -> None:
    assert together([], SQUARE) is None


def test_a_mask_is_pasted_where_it_was_looked_for() -> None:
    pasted = disc(SQUARE).pasted(PICTURE)
    assert pasted.shape == PICTURE
    assert pasted[int(MIDDLE[1]), int(MIDDLE[0])] == 1
    assert pasted[:, :100].sum() == 0
    whole = Mask(np.ones(PICTURE, np.float32))
    assert whole.pasted(PICTURE) is whole.shares
