# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.clips.flips import flipped

SECONDS = np.arange(60) / 30


def headings(degrees: np.ndarray) -> np.ndarray:
    """Quaternions (N, 4) about one axis, with signs at random."""
    half = np.radians(degrees) / 2
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(half))
    return np.stack([np.cos(half), 0 * half, 0 * half, np.sin(half)], 1) * signs[:, None]


@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_flip_that_comes_back_is_told(count: int) -> None:
    degrees = 30 * np.sin(4 * SECONDS)
    degrees[20 : 20 + count] += 180
    wrong = flipped(SECONDS, headings(degrees))
    assert np.flatnonzero(wrong).tolist() == list(range(20, 20 + count))


def test_flips_among_flips_are_told() -> None:
    degrees = np.zeros(60)
    degrees[[20, 21, 23, 24, 26]] = 175
    assert np.flatnonzero(flipped(SECONDS, headings(degrees))).tolist() == [20, 21, 23, 24, 26]


def test_whoever_turns_round_is_not_flipped() -> None:
    assert not flipped(SECONDS, headings(np.clip((SECONDS - 0.5) * 720, 0, 720))).any()


def test_whoever_has_turned_round_unseen_stays_so() -> None:
    degrees = np.where(SECONDS < 1, 0.0, 180.0)
    assert not flipped(SECONDS, headings(degrees)).any()


def test_a_long_flip_may_be_the_truth() -> None:
    degrees = np.zeros(60)
    degrees[20:45] = 180
    assert not flipped(SECONDS, headings(degrees)).any()
