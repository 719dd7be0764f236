# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from model_server.learning.details.crops import (
    cut_pictures,
    displacement,
    mirrored,
    mirrored_places,
    told_of,
)
from model_server.learning.encoder.heat import inside
from tests.learning.details.made_up import dots, dots_seen

ROWS = np.arange(12)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_truth_lies_on_what_is_seen(seed: int | None) -> None:
    rng = None if seed is None else np.random.default_rng(seed)
    cuts = cut_pictures(dots(12).pictures, ROWS, rng)
    well_inside = inside(0.1 + 0.8 * cuts.places) & inside(1.3 * (cuts.places - 0.5) + 0.5)
    gap = (dots_seen(cuts.crops.image) - cuts.places).norm(dim=2)[well_inside]
    assert well_inside.sum() > 10
    assert gap.max() < 0.02


def test_crops_are_cut_where_the_detector_says_at_run_time_and_elsewhere_in_training() -> None:
    pictures = dots(12).pictures
    still = cut_pictures(pictures, ROWS, None)
    np.testing.assert_array_equal(still.squares, pictures.squares)
    assert (still.roll == 0).all()
    assert (still.crops.told == 1).all()
    moved = cut_pictures(pictures, ROWS, np.random.default_rng(0))
    assert np.abs(moved.squares - pictures.squares).max() > 1
    assert moved.roll.abs().max() > 0.05


def test_a_displacement_turns_about_the_middle_as_far_as_it_says() -> None:
    turn = displacement(0.3, np.random.default_rng(0))
    assert np.arctan2(turn[1, 0], turn[0, 0]) == pytest.approx(0.3)
    np.testing.assert_allclose(turn[:2] @ [0.5, 0.5, 1], [0.5, 0.5], atol=0.2)


def test_some_landmarks_are_kept_back() -> None:
    told = told_of((4000, 3), np.random.default_rng(0))
    assert 0.1 < (told.sum(1) == 0).float().mean() < 0.2
    assert 0.75 < told.mean() < 0.87


def test_a_mirror_changes_names_and_nothing_else() -> None:
    cuts, order = cut_pictures(dots(12).pictures, ROWS, None), [1, 0, 2]
    once = mirrored(cuts.crops, order)
    seen = dots_seen(once.image)[:, order]  # a dot of the left side is one of the right now
    assert (seen - mirrored_places(cuts.places, order)).norm(dim=2).median() < 0.02
    twice = mirrored(once, order)
    assert torch.equal(twice.image, cuts.crops.image)
    torch.testing.assert_close(twice.landmarks, cuts.crops.landmarks)
