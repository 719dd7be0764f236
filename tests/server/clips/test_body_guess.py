# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from model_server.clips.body_guess import BodyGuess, weighted_median


def test_frames_that_err_do_not_change_a_body() -> None:
    guess = BodyGuess()
    rng = np.random.default_rng(0)
    for frame in range(60):
        wrong = frame % 4 == 0
        guess.add(np.array([1.0 if wrong else 0.3 + rng.normal(0, 0.02)], np.float32), 1.0)
    assert guess.known is not None
    assert guess.known[0] == pytest.approx(0.3, abs=0.02)


def test_a_body_is_known_after_a_few_frames_and_asked_less_often_then() -> None:
    guess = BodyGuess()
    assert guess.known is None
    asked = []
    for frame in range(100):
        asked.append(guess.wants_sample(frame))
        if asked[-1]:
            guess.add(np.full(2, 0.5, np.float32), 1.0)
    assert guess.known is not None
    assert all(asked[:12])
    assert sum(asked[12:]) == pytest.approx(88 / 4, abs=1)


def test_a_long_clip_takes_no_more_room() -> None:
    guess = BodyGuess()
    for frame in range(5000):
        guess.add(np.array([frame / 5000], np.float32), 1.0)
    assert len(guess._samples) < 400
    assert guess.likeliest[0] == pytest.approx(0.5, abs=0.02)  # of the whole clip


def test_the_median_goes_by_weight() -> None:
    values = np.array([[0.0, 1.0], [1.0, 0.5], [2.0, 0.0]])
    np.testing.assert_array_equal(weighted_median(values, np.array([1.0, 1, 1])), [1, 0.5])
    np.testing.assert_array_equal(weighted_median(values, np.array([9.0, 1, 1])), [0, 1])
