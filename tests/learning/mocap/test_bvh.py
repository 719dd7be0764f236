# SPDX-License-Identifier: GPL-3.0-or-later
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model_server.learning.mocap import bvh


def test_joints_and_times_are_read(swinging: Path) -> None:
    motion = bvh.read(swinging)
    assert motion.positions.shape == (60, len(motion.skeleton.names), 3)
    assert motion.frame_time == pytest.approx(1 / 30, rel=1e-4)
    assert "LThumb.end" in motion.skeleton.names


def test_children_follow_their_parents_turn(write_clip: Callable[..., Path]) -> None:
    quarter = np.array([[0.0, 0.0, 90.0]])
    motion = bvh.read(write_clip(LeftUpLeg=quarter))
    knee, ankle = (
        motion.positions[0, motion.index("LeftLeg")],
        motion.positions[0, motion.index("LeftFoot")],
    )
    np.testing.assert_allclose(knee - (1.5, 17 - 1.5, 0), (0, 0, -7), atol=1e-6)
    np.testing.assert_allclose(ankle - knee, (0, 0, -7), atol=1e-6)


def test_channels_multiply_in_file_order(write_clip: Callable[..., Path]) -> None:
    motion = bvh.read(write_clip(Hips=np.array([[90.0, 0.0, 90.0]])))
    np.testing.assert_allclose(motion.rotations[0, 0], [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "not.bvh"
    path.write_text("HIERARCHY")
    with pytest.raises(bvh.BvhError, match="MOTION"):
        bvh.read(path)
