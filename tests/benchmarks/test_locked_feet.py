# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from benchmarks.locked_feet import (
    ASSET,
    as_recording,
    mover_of,
    recorded,
    soles,
    with_locked_feet,
)
from hund_blender.body import Body
from hund_blender.clip.mover import Mover
from hund_blender.clip.quaternions import exponential

FPS = 30.0


@pytest.fixture(scope="module")
def mover() -> Mover:
    return mover_of(Body.load(ASSET), {"age": 0.5, "height": 0.7})


@pytest.fixture
def turns() -> np.ndarray:
    """Rotations (20, 22, 4) of somebody who sways a little."""
    vectors = 0.3 * np.random.default_rng(1).normal(size=(22, 3))
    return exponential(np.linspace(0.8, 1.0, 20)[:, None, None] * vectors)


def test_a_recording_comes_back_as_it_was(mover: Mover, turns: np.ndarray) -> None:
    motion = recorded(turns, np.zeros((20, 3)), FPS, mover)
    again = as_recording(motion, mover)
    assert np.abs(np.abs((again * turns).sum(-1)) - 1).max() < 1e-9


def test_feet_that_slide_slowly_stand_still(mover: Mover) -> None:
    turns = np.zeros((40, 22, 4))
    turns[..., 0] = 1
    pelvis = np.zeros((40, 3))
    pelvis[:, 0] = np.linspace(0, 0.2, 40)  # 5 mm a frame
    slid = recorded(turns, pelvis, FPS, mover)
    still = with_locked_feet(slid, mover)
    steps = [np.abs(np.diff(soles(m, mover)[..., :2], axis=0)).max() for m in (slid, still)]
    assert steps[0] > 0.005
    assert steps[1] < 1e-4
