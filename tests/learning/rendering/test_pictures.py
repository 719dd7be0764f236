# SPDX-License-Identifier: GPL-3.0-or-later
"""Surroundings, occluders and picture faults: shapes, and one seed one picture."""

import numpy as np
import pytest

from model_server.learning.rendering import palette
from model_server.learning.rendering.background import sample_background
from model_server.learning.rendering.corruption import corrupt_picture, occlude

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_backgrounds_repeat_with_their_seed(seed):
    first, second = (sample_background(np.random.default_rng(seed), 96) for _ in range(2))
    assert first.shape == (96, 96, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_keep_size_and_repeat_with_their_seed(seed):
    image = sample_background(np.random.default_rng(99), 96)
    first, second = (corrupt_picture(np.random.default_rng(seed), image) for _ in range(2))
    assert first.shape == image.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("seed", SEEDS)
def test_occluders_take_what_they_cover_from_both_masks(seed):
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    silhouette = np.zeros((64, 64), dtype=np.uint8)
    silhouette[16:48, 24:40] = 255
    parts = (silhouette > 0).astype(np.uint8) * 7
    _, seen, seen_parts = occlude(np.random.default_rng(seed), image, silhouette, parts, 1.0)
    assert (seen > 0).sum() < (silhouette > 0).sum()
    np.testing.assert_array_equal(seen > 0, seen_parts > 0)


def test_no_occluder_leaves_the_picture_alone():
    image = np.full((32, 32, 3), 9, dtype=np.uint8)
    mask = np.ones((32, 32), dtype=np.uint8)
    out, seen, _ = occlude(np.random.default_rng(0), image, mask, mask, probability=0.0)
    assert out is image
    assert seen is mask


def test_skin_runs_from_pale_to_dark():
    rng = np.random.default_rng(0)
    brightness = np.array([palette.skin_colour(rng).mean() for _ in range(500)])
    assert brightness.min() < 0.05
    assert brightness.max() > 0.5
