# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands: slow and low, by itself or beside the other foot."""

import numpy as np
import pytest

from hund_blender.clip.contacts import ADULT_LEG_M, ContactLimits, contacts

FPS = 30.0
LENGTH_M = 0.25  # of a sole


def soles_of(ankles: np.ndarray) -> np.ndarray:
    """Heels and toe tips (F, L, 2, 3) of feet (F, L, 3) that point ahead."""
    return ankles[:, :, None] + np.array([[0.0, 0.0, 0.0], [0.0, -LENGTH_M, 0.0]])


def found(ankles: np.ndarray) -> np.ndarray:
    """(F, L), any end of each foot."""
    return contacts(soles_of(ankles), FPS, ADULT_LEG_M, ContactLimits()).any(2)


def walk(drift_m_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Ankles (F, 2, 3) of somebody who walks, and which foot (F, 2) stands; seen to drift."""
    frames, half = 120, 15
    ankles, stands = np.zeros((frames, 2, 3)), np.zeros((frames, 2), bool)
    ankles[0, :, 0] = 0.1, -0.1
    for frame in range(1, frames):
        standing = (frame // half) % 2
        ankles[frame] = ankles[frame - 1]
        ankles[frame, 1 - standing, 1] -= 2.4 / half
        ankles[frame, 1 - standing, 2] = 0.08 * np.sin(np.pi * (frame % half + 0.5) / half)
        stands[frame, standing] = True
    ankles[..., 0] += drift_m_s * np.arange(frames)[:, None] / FPS
    return ankles, stands


@pytest.mark.parametrize("drift_m_s", [0.0, 1.3])
def test_a_standing_foot_is_known_beside_the_one_that_swings(drift_m_s: float) -> None:
    ankles, stands = walk(drift_m_s)
    down = found(ankles)
    amid = np.arange(len(stands)) % 15  # the turn of one foot to the other is anybody's guess
    clear = (amid > 3) & (amid < 12)
    assert down[clear][stands[clear]].mean() > 0.95
    assert down[clear][~stands[clear]].mean() < 0.05


def test_feet_that_both_run_do_not_stand() -> None:
    ankles = np.zeros((60, 2, 3))
    ankles[..., 1] = -3.0 * np.arange(60)[:, None] / FPS
    assert not found(ankles).any()


def test_a_foot_that_keeps_quite_still_stands_a_little_higher() -> None:
    ankles = np.zeros((60, 2, 3))
    ankles[:, 1, 2] = 0.13
    assert found(ankles).all()
    ankles[:, 1, 0] = 0.5 * np.arange(60) / FPS
    assert not found(ankles)[:, 1].any()
    ankles[:, 1] = [0.0, 0.0, 0.2]
    assert not found(ankles)[:, 1].any()
