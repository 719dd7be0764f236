# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.clips.smoothing import Agility, Signals, _path, noise_of, smoothed

SECONDS = np.arange(90) / 30
WAVE = np.sin(3 * SECONDS)[:, None, None]
KNOWN = Agility(np.array([1.0]), np.array([0.05]))


def seen(values: np.ndarray, trust: np.ndarray | None = None) -> Signals:
    return Signals(SECONDS, values, np.ones((90, 1)) if trust is None else trust)


def noisy(seed: int = 0, size: float = 0.05) -> np.ndarray:
    return WAVE + np.random.default_rng(seed).normal(0, size, WAVE.shape)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values).mean()))


def test_what_is_left_is_nearer_to_the_truth_and_does_not_lag() -> None:
    path, _ = smoothed(seen(noisy()), KNOWN, SECONDS)
    assert rms(path - WAVE) < 0.6 * rms(noisy() - WAVE)
    shifts = [rms(path[5:-5] - WAVE[5 + lag : 85 + lag]) for lag in (-2, -1, 0, 1, 2)]
    assert int(np.argmin(shifts)) == 2


def test_it_is_the_gaussian_process_that_it_claims_to_be() -> None:
    rng = np.random.default_rng(0)
    times = np.sort(rng.random(20))
    values = rng.normal(0, 1, (20, 1, 1))
    since = times - times[0]
    small, large = np.minimum.outer(since, since), np.maximum.outer(since, since)
    # A straight line about which nothing is known, plus a twice integrated white noise.
    prior = 1e4 * (1 + np.outer(since, since)) + 3 * small**2 * (3 * large - small) / 6
    expected = prior @ np.linalg.solve(prior + 0.25 * np.eye(20), values[:, 0])
    path = _path(times, values, np.full((20, 1), 4.0), np.array([3.0]))
    np.testing.assert_allclose(path[:, 0], expected, atol=1e-4)


def test_an_outlier_is_repaired_by_its_neighbours() -> None:
    values = noisy()
    values[40] += 2
    path, belief = smoothed(seen(values), KNOWN, SECONDS)
    assert abs(path[40] - WAVE[40]).max() < 0.1
    assert belief[40, 0] < 0.05
    assert np.median(belief) > 0.8


def test_a_gap_is_bridged_as_the_motion_went_on() -> None:
    trust = np.ones((90, 1))
    trust[40:48] = 0
    values = np.where(trust[..., None] > 0, noisy(), 99.0)
    path, _ = smoothed(seen(values, trust), KNOWN, SECONDS)
    assert rms(path[40:48] - WAVE[40:48]) < 0.1


def test_it_can_be_asked_between_frames() -> None:
    at = SECONDS[:-1] + 1 / 60
    path, _ = smoothed(seen(WAVE), KNOWN, at)
    assert rms(path - np.sin(3 * at)[:, None, None]) < 0.01


def test_a_fast_blow_is_kept() -> None:
    """An arm that shoots out by 80 degrees and back again within a fifth of a second."""
    blow = 0.35 * np.exp(-(((SECONDS - 1) * 10) ** 2))[:, None, None]
    rng = np.random.default_rng(0)
    path, _ = smoothed(
        seen(blow + rng.normal(0, 0.03, blow.shape)),
        Agility(np.array([12.0]), np.array([0.03])),
        SECONDS,
    )
    assert path.max() > 0.8 * blow.max()


@pytest.mark.parametrize("size", [0.03, 0.1])
def test_the_noise_is_told_by_the_frames(size: float) -> None:
    told = noise_of(seen(noisy(size=size)), np.array([0.06]))
    assert told[0] == pytest.approx(size, rel=0.25)


def test_the_noise_of_a_few_frames_is_what_is_expected() -> None:
    few = Signals(SECONDS[:5], noisy()[:5], np.ones((5, 1)))
    assert noise_of(few, np.array([0.06]))[0] == 0.06
