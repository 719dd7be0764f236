# SPDX-License-Identifier: GPL-3.0-or-later
"""What smoothing promises: jitter goes, strikes stay, nothing comes late."""

import numpy as np
import pytest
from made_motion import angles_between

from hund_blender.clip.quaternions import exponential, logarithm, product
from hund_blender.clip.smoothing import blurred, smoothed, smoothed_rotations

FPS = 30.0
SIGMA = 0.15 * FPS
JITTER = np.radians(1.5)


def jittering(degrees: float, count: int = 300, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(count, 2, 3))
    return exponential(np.radians(degrees) * noise)


def strike(seconds: float, count: int = 300) -> np.ndarray:
    """A turn by 90° and back that lasts so long at half its height."""
    time_s = (np.arange(count) - count // 2) / FPS
    vectors = np.zeros((count, 2, 3))
    vectors[..., 1] = np.radians(90) * np.exp(-4 * np.log(2) * (time_s / seconds) ** 2)[:, None]
    return exponential(vectors)


def angles_deg(turns: np.ndarray) -> np.ndarray:
    return np.degrees(np.linalg.norm(logarithm(turns), axis=-1))


@pytest.mark.parametrize("degrees", [0.5, 1.5, 4.0])
def test_jitter_of_somebody_still_falls_by_far_more_than_70_percent(degrees: float) -> None:
    shaky = jittering(degrees)
    calm = smoothed_rotations(shaky, SIGMA, JITTER)
    before, after = angles_between(shaky[1:], shaky[:-1]), angles_between(calm[1:], calm[:-1])
    assert after.mean() < 0.1 * before.mean()  # from frame to frame
    assert angles_deg(calm).mean() < 0.35 * angles_deg(shaky).mean()  # and away from the truth


@pytest.mark.parametrize("seconds", [0.1, 0.15, 0.3])
def test_strike_loses_less_than_a_tenth_among_jitter(seconds: float) -> None:
    clean = strike(seconds)
    kept = smoothed_rotations(product(clean, jittering(1.5)), SIGMA, JITTER)
    assert angles_deg(kept).max() > 0.9 * angles_deg(clean).max()
    assert np.abs(angles_deg(kept).argmax(0) - 150).max() <= 1  # nor does it come late


def test_smoothing_backward_is_smoothing_the_other_way_round() -> None:
    motion = product(strike(0.2), jittering(1.5))
    there = smoothed_rotations(motion, SIGMA, JITTER)
    back = smoothed_rotations(motion[::-1], SIGMA, JITTER)[::-1]
    assert angles_between(there, back).max() < 1e-7


def test_signs_and_frames_of_reference_make_no_difference() -> None:
    motion = product(strike(0.2), jittering(1.5))
    wanted = smoothed_rotations(motion, SIGMA, JITTER)
    signs = np.where(np.arange(300) % 2, 1.0, -1.0)[:, None, None]
    assert angles_between(smoothed_rotations(motion * signs, SIGMA, JITTER), wanted).max() < 1e-7
    turn = exponential(np.array([0.4, 1.0, -2.0]))
    moved = smoothed_rotations(product(np.broadcast_to(turn, motion.shape), motion), SIGMA, JITTER)
    assert angles_between(moved, product(np.broadcast_to(turn, motion.shape), wanted)).max() < 1e-7


def test_a_turn_right_round_and_on_is_followed() -> None:
    angle = np.linspace(0, 6 * np.pi, 200)  # three turns in 6.7 s
    spin = exponential(np.stack([0 * angle, 0 * angle, angle], -1))[:, None]
    assert np.degrees(angles_between(smoothed_rotations(spin, SIGMA, JITTER), spin)).max() < 1.0


def test_lines_stay_lines_to_their_ends() -> None:
    line = np.arange(100.0)[:, None] * [1.0, -2.0, 0.5]
    assert np.allclose(blurred(line, 5.0), line)
    assert np.allclose(smoothed(line, 5.0, 0.01), line)


def test_the_same_seconds_do_the_same_at_any_frame_rate() -> None:
    def remaining(fps: float) -> float:
        time_s = np.arange(int(10 * fps)) / fps
        sway = 0.02 * np.sin(2 * np.pi * 1.0 * time_s)[:, None]
        return float(smoothed(sway, 0.15 * fps, 0.02)[:, 0].std() / sway.std())

    assert remaining(24.0) == pytest.approx(remaining(60.0), rel=0.1)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_moments_are_short_but_no_problem(count: int) -> None:
    turns = jittering(1.0, count)
    assert smoothed_rotations(turns, SIGMA, JITTER).shape == turns.shape
    assert np.isfinite(smoothed(turns, SIGMA, 0.1)).all()


def test_no_time_constant_no_change() -> None:
    turns = jittering(5.0)
    assert angles_between(smoothed_rotations(turns, 0.0, JITTER), turns).max() < 1e-7
